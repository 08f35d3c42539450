# SPDX-License-Identifier: Apache-2.0
#
# Sourced by get-duckdb and setup.  Downloads lie in FIRN_CACHE; else in the user's own cache; for
# root, who installs for all, in /var/cache/firn, where other users find them too.
shared_cache=/var/cache/firn

# find_cache: sets `cache`, the folder to write to; empty where there is none.
find_cache() {
    local home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
    cache=${FIRN_CACHE:-${home:+$home/firn}}
    if [ "$(id -u)" = 0 ] && [ -z "${FIRN_CACHE:-}${XDG_CACHE_HOME:-}" ] && [ ! -d "$cache" ]; then
        cache=$shared_cache
    fi
    [ -z "$cache" ] || cache=$(realpath -m "$cache")
}

# cached NAME FILE: prints the folder NAME that holds FILE: in the cache, or in root's.
cached() {
    local folder
    for folder in "$cache" "$shared_cache"; do
        [ -n "$folder" ] && [ -e "$folder/$1/$2" ] || continue
        [ "$folder" = "$cache" ] || [ "$(stat -c %u "$folder")" = 0 ] || continue
        [ "$folder" = "$cache" ] || [ -z "${FIRN_CACHE:-}" ] || continue
        echo "$folder/$1"
        return
    done
    return 1
}
