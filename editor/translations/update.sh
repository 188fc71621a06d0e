#!/usr/bin/env bash
# Brings the catalogue of texts (weft-edit.pot) and all translations up to the code. Run it after changing a text.
#
#   update.sh            writes
#   update.sh --check    writes nothing; fails if something would change
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# No dates and no numbers of lines: the file changes when a text does.
find app canvas panels session widgets window frame.cpp main.cpp \( -name '*.cpp' -o -name '*.h' \) ! -name 'text.h' | LC_ALL=C sort |
  xgettext --files-from=- --language=C++ --from-code=UTF-8 --add-comments=Translators: --add-location=file --width=110 \
    --package-name=weft-edit --msgid-bugs-address=none --copyright-holder= \
    --keyword=tr --keyword=tr_later --keyword=label --keyword=tr_format --keyword=tr_n:1,2 --keyword=tr_format_n:1,2 \
    --output=- | grep -v -e '^"POT-Creation-Date' -e '^#$' -e '^# ' >"$made/weft-edit.pot"
for translation in translations/*.po; do
  msgmerge --quiet --no-fuzzy-matching --width=110 "$translation" "$made/weft-edit.pot" |
    msgattrib --no-obsolete --width=110 --output-file="$made/$(basename "$translation")" -
done

status=0
for file in "$made"/*; do
  there=translations/$(basename "$file")
  cmp --quiet "$file" "$there" && continue
  if [[ ${1:-} == --check ]]; then
    echo "editor/$there is not what the code says: run editor/translations/update.sh" >&2
    diff -u "$there" "$file" | head -n 40 >&2 || true
    status=1
  else
    cp "$file" "$there"
    echo "wrote editor/$there"
  fi
done
exit "$status"
