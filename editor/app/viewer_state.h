// What a viewer shows and how: a value of each tab, so that a change of tab shows what that tab's viewer showed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor/widgets/picture_view.h"
#include "graph/value.h"

namespace weft::runs {
struct RunState;
}

namespace weft::editor {

class App;

/// Names a value that may be shown: what comes out of a node's port, or a file.
struct Shown {
  std::string node;  ///< by Document::address(): it stays what it is when a subgraph is entered
  std::string port;
  std::string file;      ///< instead, a picture in a file
  std::size_t item = 0;  ///< of a batch
  bool operator==(const Shown&) const = default;
  explicit operator bool() const { return !node.empty() || !file.empty(); }
};

/// A picture that was put aside for comparison: it stays as it is, whatever runs.
struct KeptPicture {
  std::shared_ptr<const Picture> picture;  ///< null while a file is being read
  std::uint64_t version = 0;               ///< for Textures
  std::string file;                        ///< that it comes from; empty: of a run
  std::string caption;                     ///< what it is, and of which run
};

struct ViewerState {
  enum class Mode : std::uint8_t {
    Follow,  ///< the newest picture that the workflow makes, previews while it runs
    Chosen,  ///< what was clicked last
    Pinned,  ///< what was shown when it was pinned, whatever is clicked
  };
  enum class Compare : std::uint8_t { Off, Wipe, SideBySide, Difference };
  enum class Channel : std::uint8_t { Colour, Red, Green, Blue, Luminance };

  Mode mode = Mode::Follow;
  Shown a;
  std::optional<KeptPicture> b;
  Compare compare = Compare::Off;
  Channel channel = Channel::Colour;
  float wipe = 0.5f;
  PictureView view;
  bool dragging_wipe = false;
  bool numbers = false;  ///< a picture's numbers in its place
  std::shared_ptr<const runs::RunState> followed;  ///< what `a` was found in
};

/// Shows what was clicked, unless the viewer is pinned: then the user is told.
void show_in_viewer(App& app, Shown shown);
void follow_latest(ViewerState& viewer, bool follow);
void pin(ViewerState& viewer, bool pinned);
/// Puts a picture of a file aside as B.
void compare_with_file(App& app, const std::string& file);

/// The pictures that are seen over the whole window, one at a time.
struct LightboxState {
  bool open = false;
  std::vector<Shown> pictures;
  std::size_t at = 0;
  PictureView view;
};
/// Opens it on `first`, with those beside it: of a file the gallery's, of a node those of all nodes that are shown.
void open_lightbox(App& app, const Shown& first);
void open_lightbox(App& app, std::vector<Shown> pictures, std::size_t at);
/// On the picture that a node shows; nothing happens if it shows none.
void look_closer(App& app, const std::string& address);

}  // namespace weft::editor
