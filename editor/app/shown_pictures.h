// Which picture stands for what: an output of a node, a file of the gallery, what a node's input gets. Of the
// active document.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "editor/app/panel_states.h"
#include "editor/session/run_state.h"

namespace weft::editor {

class App;

/// What came out of the port in the last run; null if nothing did.
const OutputView* output_of(App& app, const ViewerState::Shown& shown);

/// A picture with a number that is another one for another picture, for Textures.
struct ShownPicture {
  std::shared_ptr<const Picture> picture;  ///< null: there is none (yet)
  std::uint64_t version = 0;
  explicit operator bool() const { return picture && picture->width > 0 && picture->height > 0; }
};
/// Of a node that runs its latest preview, of an instance that of the nodes in it.
ShownPicture picture_of(App& app, const ViewerState::Shown& shown);

/// The picture that the nodes which are shown made last; nothing where there is none.
std::optional<ViewerState::Shown> last_picture(App& app);

/// What lies behind a region or a painting of a node: the picture at its first linked image input, else what
/// the viewer shows, else the last picture.
struct Backdrop {
  ShownPicture picture;
  std::string source;  ///< the node at the image input; empty: nothing is linked
};
Backdrop backdrop_of(App& app, const std::string& node);

}  // namespace weft::editor
