// Links on the canvas: drawing them, and the gestures that make, cut and split them. [main-thread]
#pragma once

#include "editor/app/app.h"

namespace weft::editor {

struct CanvasLinks {
  App& app;
  Document& document;
  Canvas& canvas;

  void draw_all();
  /// From afar: without the library, so the mouse finds none of them.
  void draw_plain();
  /// A link that is dragged from a port: accepted, or refused with the reason under the mouse; dropped on
  /// nothing, it opens the palette with what fits.
  void take_new_links();
  /// While a node is dragged: the link under it into which it fits.
  void find_insert_target();
  /// The drag is over: takes the node into that link.
  void drop_on_link();
  /// Links that a stroke crosses, for the knife.
  std::vector<Link> crossed(const std::vector<ImVec2>& stroke) const;

 private:
  /// From where a new link is pulled: an output, an input, or, of an input that has a link, that link's output.
  std::optional<LinkEnd> take_up(const std::optional<LinkEnd>& pressed);
  void take_pair(const LinkEnd& held, const LinkEnd& other);
  void take_drop(const LinkEnd& held);
  std::optional<Link> link_into(const LinkEnd& end) const;
  void say(const std::string& what, const std::string& remedy, bool refused);
  std::pair<ImVec2, ImVec2> ends(const LinkView& link) const;
  void draw_plain(const LinkView& link, ImDrawList& list);
};

}  // namespace weft::editor
