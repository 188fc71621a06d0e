// Which picture stands for what: an output of a node, a file, what a node's input gets. Of the active document.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor/app/viewer_state.h"
#include "editor/session/input_files.h"
#include "runs/run_state.h"

namespace weft::editor {

class App;

/// What came out of the port in the last run; null if nothing did.
const runs::OutputView* output_of(const App& app, const Shown& shown);

/// A picture with a number that is another one for another picture, for Textures.
struct ShownPicture {
  std::shared_ptr<const Picture> picture;  ///< null: there is none (yet)
  std::uint64_t version = 0;
  std::shared_ptr<const runs::RunOrigin> origin = {};  ///< null: of no run
  bool live = false;                             ///< a preview of what is being made
  explicit operator bool() const { return picture && picture->width > 0 && picture->height > 0; }
};
/// The file that a node of the document reads its picture from; nothing if it is none of those that do, or has no file.
std::optional<InputFile> input_file(App& app, const std::string& address);

/// Of a node that runs its latest preview, of an instance that of the nodes in it; of a node that reads a file that file, as
/// long as nothing newer has come out of it.
ShownPicture picture_of(App& app, const Shown& shown);

/// What a viewer that follows shows: the preview that came last while the document runs, else the last picture of its last
/// run, else that of an earlier one. Nothing where there is none.
std::optional<Shown> latest_picture(const App& app);

/// Whether the document has changed since the picture was made, so that another one would come out now.
bool is_stale(App& app, const Shown& shown, const ShownPicture& picture);

/// "decode.image, seed 42, 09:31:22": what it is, and of which run.
std::string caption_of(const App& app, const Shown& shown, const ShownPicture& picture);

/// Every picture of the nodes that are shown, batches one by one, in the order of the links.
std::vector<Shown> all_pictures(App& app);

/// What lies behind a region or a painting of a node: the picture at its first linked image input, else what
/// the viewer shows, else the last picture.
struct Backdrop {
  ShownPicture picture;
  std::string source;  ///< the node at the image input; empty: nothing is linked
};
Backdrop backdrop_of(App& app, const std::string& node);

/// The output whose picture a node shows; null if it has none.
const runs::OutputView* picture_output(const runs::NodeRun& node);
/// The picture that a node shows: a preview while it runs, else what it made.
std::shared_ptr<const Picture> picture_of(const runs::NodeRun* node);
/// Another number for another picture: when to upload it anew.
std::uint64_t picture_version(const runs::NodeRun& node, const runs::OwnerRun& run, const Picture& picture);

}  // namespace weft::editor
