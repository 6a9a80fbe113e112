#!/bin/sh
# Brings real Prometheus, Alertmanager and PostgreSQL where this machine allows it (Debian or Ubuntu, as root). Elsewhere the
# tests use what is there and say what they skipped; with CI=true a missing part fails there, not here.
set -eu

have_postgres() {
  # Debian keeps initdb off PATH, one folder a version.
  command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

if command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 && command -v amtool >/dev/null 2>&1 &&
  have_postgres; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "prometheus, prometheus-alertmanager or postgresql is missing, and this is not root on Debian or Ubuntu:"
  echo "tests against the real programs will be skipped. Install the three packages to run them."
  exit 0
fi

# Installing a Debian service starts it; this policy keeps the tests from leaving daemons behind.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
echo "Installing the Debian packages prometheus, prometheus-alertmanager and postgresql ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager postgresql >/dev/null
