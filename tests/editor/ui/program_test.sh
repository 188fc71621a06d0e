#!/usr/bin/env bash
# Tests of the editor as a program: program_test.sh WEFT_EDIT WORKFLOW CASE
set -euo pipefail
edit=$1 workflow=$2 case=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"; [[ -z ${server:-} ]] || kill "$server" 2>/dev/null || true' EXIT
export XDG_CONFIG_HOME=$folder/config XDG_STATE_HOME=$folder/state LANGUAGE=en
fail() { echo "FAILED: $*" >&2; cat "$folder"/*.txt >&2 2>/dev/null || true; exit 1; }

# An X server of our own: its number is in $display, its process in $server.
start_display() {
  Xvfb -displayfd 3 -screen 0 1280x800x24 "$@" 3>"$folder/display" 2>/dev/null &
  server=$!
  for _ in {1..100}; do [[ -s $folder/display ]] && break; sleep 0.1; done
  export DISPLAY=:$(<"$folder/display")
  unset WAYLAND_DISPLAY
}

case $case in
  no-display)
    unset DISPLAY WAYLAND_DISPLAY
    code=0; "$edit" 2>"$folder/said.txt" || code=$?
    ((code == 2)) || fail "exit code $code"
    grep -q 'no display could be opened.*xvfb-run' "$folder/said.txt" || fail "no reason"
    ;;
  no-opengl)  # a display, but no driver that can do what the editor needs
    start_display -extension GLX
    code=0; timeout 60 "$edit" 2>"$folder/said.txt" || code=$?
    ((code == 2)) || fail "exit code $code"
    grep -q 'no window with OpenGL 3.3' "$folder/said.txt" || fail "no reason"
    ;;
  display-goes)
    start_display
    "$edit" "$workflow" 2>"$folder/said.txt" & program=$!
    for _ in {1..200}; do [[ -d $folder/state/weft/sessions ]] && break; sleep 0.1; done
    sleep 1
    kill "$server"
    code=0; wait "$program" || code=$?
    ((code == 2)) || fail "exit code $code"
    grep -q 'the display is gone' "$folder/said.txt" || fail "no reason"
    ;;
  layout)  # what the first run saved, the second one takes
    start_display
    shot() { "$edit" "$workflow" --size 1200x700 --screenshot "$folder/$1.png" 2>"$folder/said.txt" || fail "no picture"; }
    shot first
    grep -q 'DockSpace' "$folder/config/weft/settings.json" || fail "the layout is not in the settings"
    shot second
    cmp "$folder/first.png" "$folder/second.png" || fail "the second window looks otherwise"
    sed -i 's/\[Docking\]/[Nothing]/' "$folder/config/weft/settings.json"
    shot damaged  # a layout that says nothing of docks: the default one
    cmp "$folder/first.png" "$folder/damaged.png" || fail "a damaged layout is taken"
    ;;
  bad-files)  # the window opens and tells; a script learns of it as well
    start_display
    echo '{"weft": 1, "nodes": {' >"$folder/damaged.json"
    cp "$(dirname "$workflow")/explained/landscape.png" "$folder/plain.png"
    for file in damaged.json plain.png missing.json; do
      code=0; "$edit" "$folder/$file" --screenshot "$folder/$file.shot.png" 2>"$folder/said.txt" || code=$?
      ((code == 1)) || fail "exit code $code for $file"
      grep -q "$file" "$folder/said.txt" || fail "$file is not named"
      [[ -s $folder/$file.shot.png ]] || fail "no picture of the window with $file"
    done
    ;;
  language)
    start_display
    LANGUAGE=de "$edit" "$workflow" --size 1200x700 --screenshot "$folder/german.png"
    LANGUAGE=en "$edit" "$workflow" --size 1200x700 --screenshot "$folder/english.png"
    ! cmp --quiet "$folder/german.png" "$folder/english.png" || fail "both languages look the same"
    ;;
  no-font)  # no system font has its letters: a sentence, and English
    start_display
    echo "<fontconfig><dir>$folder</dir></fontconfig>" >"$folder/fonts.conf"
    FONTCONFIG_FILE=$folder/fonts.conf LANGUAGE=zh_CN "$edit" "$workflow" --screenshot "$folder/shot.png" 2>"$folder/said.txt" ||
      fail "exit code $?"
    grep -q "'zh_CN': install one, such as Debian's package fonts-noto-cjk" "$folder/said.txt" || fail "no remedy"
    LANGUAGE=zh_CN "$edit" "$workflow" --screenshot "$folder/shot.png" 2>"$folder/said.txt"
    [[ ! -s $folder/said.txt ]] || fail "with fonts"
    ;;
  *) fail "there is no case '$case'" ;;
esac
