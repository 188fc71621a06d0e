// Textures: pictures on the graphics card, by a key that their owner chooses. They go through ImGui's own
// texture requests, so the same code runs with OpenGL, and with no driver at all in tests and benchmarks.
// [main-thread]
#pragma once

#include <imgui.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/value.h"

namespace weft::editor {

class Textures {
 public:
  struct Entry {
    ImTextureRef ref;
    ImVec2 size;  ///< of the picture
  };

  Textures() = default;
  ~Textures();
  Textures(const Textures&) = delete;
  Textures& operator=(const Textures&) = delete;

  /// The picture's texture. Made anew when `version` differs from that of the last call with this key.
  Entry get(const std::string& key, std::uint64_t version, const Picture& picture);
  /// One colour, as opaque at each pixel as `alpha` (0 to 1) says: for masks over pictures.
  Entry get(
      const std::string& key, std::uint64_t version, int width, int height, std::span<const float> alpha, ImU32 colour);
  /// The same, if it is there already in that version.
  std::optional<Entry> find(std::string_view key, std::uint64_t version);
  /// Frees what was not asked for in the last hundred frames. Once a frame.
  void collect();

 private:
  struct Held {
    std::unique_ptr<ImTextureData> texture;
    std::uint64_t version = 0;
    int last_used = 0;
  };
  /// The one of this key, made by `make` where it is not there in this version.
  template <class Make>
  Entry held(const std::string& key, std::uint64_t version, const Make& make);
  void retire(std::unique_ptr<ImTextureData> texture);

  std::map<std::string, Held, std::less<>> held_;
  std::vector<std::unique_ptr<ImTextureData>> dying_;
};

}  // namespace weft::editor
