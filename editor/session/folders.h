// Where the editor keeps things of its own, as the XDG base directory specification says. The folders need
// not exist.
#pragma once

#include <filesystem>

namespace weft::editor {

std::filesystem::path config_folder();  ///< $XDG_CONFIG_HOME/weft or ~/.config/weft
std::filesystem::path state_folder();   ///< $XDG_STATE_HOME/weft or ~/.local/state/weft

}  // namespace weft::editor
