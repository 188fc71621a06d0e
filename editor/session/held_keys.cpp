#include "editor/session/held_keys.h"

#include <algorithm>

namespace weft::editor {

std::optional<PressedKey> HeldKeys::filtered(int scancode, std::uint64_t time, bool taken) {
  scancode_ = scancode, time_ = time, taken_ = taken;
  if (taken) return std::nullopt;
  const auto found =
      std::ranges::find_if(held_, [&](const Held& held) { return held.key.scancode == scancode && held.time == time; });
  if (found == held_.end()) return std::nullopt;
  const PressedKey key = found->key;
  held_.erase(held_.begin(), found + 1);  // those before it are kept by the input method: it returns them in order
  return key;
}

bool HeldKeys::hold(const PressedKey& key) {
  if (!taken_ || key.scancode != scancode_) return false;
  constexpr std::size_t kMost = 64;  // what the input method keeps is never asked for
  if (held_.size() == kMost) held_.erase(held_.begin());
  held_.push_back({key, time_});
  return true;
}

}  // namespace weft::editor
