"""Finding suspects: which service changed at or before a symptom, judged by what its metrics usually do."""
