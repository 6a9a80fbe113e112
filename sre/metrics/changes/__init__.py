"""Changes of many series: when they were, which came together, which deploy was before."""
