// Copy and paste. The clipboard's text is a workflow file of what was copied, so that it can be pasted into
// an editor of text, and any workflow file can be pasted into a document. Links from nodes that were not
// copied are kept beside it (key "outside"), for pasting with them. [main-thread]
#pragma once

#include <string>

#include "editor/session/document.h"
#include "editor/session/geometry.h"

namespace weft::editor {

/// Empty if nothing is selected.
std::string copy(const Document& document, const Selection& what);
/// Copies, then removes.
std::string cut(Document& document, const Registry& registry, const Selection& what);

enum class OutsideLinks : std::uint8_t {
  Drop,
  Keep,  ///< also those from nodes that were not copied, where the document has a node of that name with a
         ///< fitting type
};

/// Adds what `text` holds under free names, its top left at `at`, and selects it. Throws GraphError if the
/// text is no workflow: with every reason, as for a file.
Selection paste(Document& document, const Registry& registry, const std::string& text, Point at,
    OutsideLinks outside = OutsideLinks::Drop);
/// How much room that takes on the canvas, so that a free place can be found for it. Throws as paste() does.
Size size_of_copied(const std::string& text, const Registry& registry);
/// Whether paste() would take it; for enabling a menu entry.
bool can_paste(const std::string& text);

/// A copy beside the original, with links among the copies and from outside. Selects the copies.
Selection duplicate(Document& document, const Registry& registry, const Selection& what, Point offset = {40, 40});

}  // namespace weft::editor
