// Templates: the workflows that come with the program, with what a gallery of them says. They are opened as copies.
// [main-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace weft::editor {

struct Template {
  enum class Group : std::uint8_t {
    Start,    ///< to begin one's own work with
    Explain,  ///< how Stable Diffusion works
    Larger,   ///< want a model that does not come with the program
  };
  std::filesystem::path file;
  std::filesystem::path picture;  ///< that it makes, as a preview; empty: there is none
  const char* title = "";         ///< for tr()
  const char* about = "";         ///< one line, for tr()
  Group group = Group::Start;
};

/// Those of the folder, by group. What is not there is left out.
std::vector<Template> templates_in(const std::filesystem::path& folder);

}  // namespace weft::editor
