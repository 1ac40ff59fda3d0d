#!/bin/sh
# Make the users, the groups and the home of one municipality. Run it as root; run again, it changes
# nothing that is right already. What each user may do: deploy/README.md.
#
# Decides: F.users.
#
#   deploy/install.sh /srv/effekt/hedensted Hedensted
#
# Names of user and groups, where the defaults are taken:
#   EFFEKT_USER=effekt  EFFEKT_CONTROLLERS=effekt-controller  EFFEKT_DELIVERY=effekt-levering
# The command that makes the home, where it is not that of this installation:
#   EFFEKT=/opt/effekt/.venv/bin/effekt
set -eu
home=${1:?"usage: install.sh HOME AREA"}
area=${2:?"usage: install.sh HOME AREA"}
user=${EFFEKT_USER:-effekt}
controllers=${EFFEKT_CONTROLLERS:-effekt-controller}
delivery=${EFFEKT_DELIVERY:-effekt-levering}
effekt=${EFFEKT:-$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/effekt}
case $home in
    /*) ;;
    *) home=$PWD/$home ;;
esac

for group in "$controllers" "$delivery"; do
    getent group "$group" >/dev/null || groupadd --system "$group"
done
if ! id "$user" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir "$home" \
        --shell /usr/sbin/nologin "$user"
fi
# so that the home's user can give its socket and its restricted room to the one group, and read
# what the other delivers
usermod --append --groups "$controllers,$delivery" "$user"

own=$(id -gn "$user")
if [ ! -e "$home/home.yml" ]; then
    install -d -o "$user" -g "$own" -m 0755 "$home"
    # as its user, from a folder that every user may read
    (cd / && runuser -u "$user" -- "$effekt" init "$home" --area "$area")
fi
install -d -o "$user" -g "$own" -m 0700 "$home/contracts"
install -d -o "$user" -g "$controllers" -m 0755 "$home/published"
# a deliverer may put files in, see none, and take none away but his own
install -d -o "$user" -g "$delivery" -m 3730 "$home/landing"
