// Which keys are the input method's, by which Chinese and Japanese are typed. A key that was given to it is held back until
// it has returned it; one that it keeps is never reported.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace weft::editor {

/// A key that is pressed or repeated, as GLFW reports it.
struct PressedKey {
  int key = 0, scancode = 0, action = 0, mods = 0;
  bool operator==(const PressedKey&) const = default;
};

class HeldKeys {
 public:
  /// X11 has the press of a key, told apart by its time. `taken`: the input method has it, perhaps for now only. Gives the
  /// key that was held back until this event, which is the one that the input method returned.
  std::optional<PressedKey> filtered(int scancode, std::uint64_t time, bool taken);
  /// The key of the event that was filtered last is about to be reported. True if it is held back instead.
  bool hold(const PressedKey& key);

 private:
  struct Held {
    PressedKey key;
    std::uint64_t time = 0;
  };
  int scancode_ = 0;  ///< of the last event
  std::uint64_t time_ = 0;
  bool taken_ = false;
  std::vector<Held> held_;
};

}  // namespace weft::editor
