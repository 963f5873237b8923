# Ends what a test process left behind, however that process died.
# stdin is a pipe from the test process: its end is the end of the process. Lines before that:
#   + process PID | + redis FOLDER | + folder FOLDER      something began
#   - process PID | …                                     it has ended by itself
# A data folder may have a detached redis-server living in it: "redis FOLDER" ends it, "folder FOLDER" also removes the
# folder.

nl='
'
open=$nl
while IFS= read -r line; do
  thing=${line#??}
  case $line in
    '+ '*) open=$open$thing$nl ;;
    '- '*) case $open in
        *"$nl$thing$nl"*) open=${open%%"$nl$thing$nl"*}$nl${open#*"$nl$thing$nl"} ;;
      esac ;;
  esac
done

# The servers of a data folder. Where there is /proc, by their working directory: a pid file may be stale, and its
# pid somebody else's by now.
servers() {
  if [ -d /proc/self ]; then
    find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/cwd' \( -lname "$1" -o -lname "$1/*" \) 2>/dev/null |
      while IFS=/ read -r _ _ pid _; do echo "$pid"; done
  elif [ -s "$1/redis.pid" ] && pid=$(cat "$1/redis.pid"); then
    case $(ps -o command= -p "$pid") in *redis-server*|*valkey-server*) echo "$pid" ;; esac
  fi
}

end_servers() {
  tries=0
  while pids=$(servers "$1") && [ -n "$pids" ] && [ $tries -lt 50 ]; do
    kill -KILL $pids 2>/dev/null
    tries=$((tries + 1))
    sleep 0.02
  done
}

# Processes first, because they would start their servers again.
for kind in process redis folder; do
  printf %s "$open" | while IFS= read -r thing; do
    case $thing in "$kind "*) value=${thing#* } ;; *) continue ;; esac
    case $kind in
      process) kill -KILL "$value" 2>/dev/null ;;
      redis) end_servers "$value" ;;
      folder) end_servers "$value"; rm -rf "$value" ;;
    esac
  done
done
