// Canvas: the view of one document's graph. The node editor library pans, zooms, selects and drags; what a
// gesture means to the document is decided here. Parts: canvas.cpp (the frame), canvas_nodes.cpp (how nodes
// look), canvas_titles.cpp (their titles from afar), canvas_links.cpp (making, cutting, inserting), canvas_view.cpp
// (where it looks, minimap), canvas_menu.cpp (what a right click offers).
//
// Of what is seen from afar the library knows only what the mouse could mean: all that it knows costs it time in
// each frame.
#pragma once

#include <imgui.h>
#include <imgui_node_editor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor/canvas/canvas_model.h"
#include "editor/session/gestures.h"

namespace weft::editor {

class App;

/// Whether the node stands for a subgraph.
bool is_instance(const GraphNode& node);

/// How far out and in the view goes.
inline constexpr float kFarthestZoom = 0.01f, kNearestZoom = 8;

class Canvas {
 public:
  Canvas();
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  /// In the window that is open in ImGui: takes all of its room.
  void draw(App& app, Document& document);

  // Where it looks.
  void fit(bool selection_only);
  /// That step of the document was shown with a fit: undoing it brings the view `before` back, doing it again fits.
  void tie_view(std::size_t step, const View& before) { views_of_steps_[step] = before; }
  void look_at(const std::string& node);
  void reveal(const std::string& node);  ///< brings it into view, if it is not there
  void set_zoom(float zoom);
  View view() const;
  void look(const View& view);
  bool can_go_back() const { return !views_before_.empty(); }
  bool can_go_forward() const { return !views_after_.empty(); }
  void go_back();  ///< to what was shown before the last jump: fit, bookmark, search
  void go_forward();
  float zoom() const { return zoom_; }
  Point centre() const;
  Point to_canvas(ImVec2 screen) const;
  /// The place nearest to `wanted` where something of this size covers no node and no comment.
  Point free_place(Point wanted, Size size) const;
  ImVec2 to_screen(ImVec2 canvas) const;
  double aspect() const { return max_.y > min_.y ? (max_.x - min_.x) / (max_.y - min_.y) : 1.6; }  ///< width to height
  ImVec2 screen_min() const { return min_; }
  ImVec2 screen_max() const { return max_; }
  /// The id of the node at a place on the screen; empty if there is none.
  std::string node_under(ImVec2 screen) const;
  /// Drawn, measured, and standing still.
  bool settled() const { return is_seen() && !fit_wanted_; }

  /// Where the mouse is, if over the canvas.
  std::optional<Point> mouse() const;

  /// Opens the text of a frame or a comment for typing. `is_new`: it goes again if nothing is typed.
  void edit_text(const std::string& annotation, bool is_new = false);
  bool has_text(const std::string& annotation) const;  ///< a reroute has none

  const CanvasModel& model() const { return model_; }
  /// Links that are selected; they are no part of the document's selection.
  std::vector<Link> selected_links() const;
  /// The node next to `from` in a direction, for the arrow keys.
  std::string neighbour(const std::string& from, ImVec2 direction) const;

  bool knife = false;  ///< a stroke cuts links
  bool lazy_connect = false;  ///< a stroke from node to node links them

 private:
  friend struct CanvasNodes;
  friend struct CanvasLinks;
  friend class CanvasTitles;

  /// By somebody; before that panels may still find their places.
  bool is_seen() const { return frames_ > 4; }
  void push_style(const App& app);
  void pop_style();
  void draw_grid(const App& app);
  void draw_frames(App& app, Document& document);
  void draw_reroutes(const App& app);
  void draw_minimap(App& app);
  void draw_path(App& app, Document& document);
  void draw_rubber_line(const App& app);
  void draw_loose_link(const App& app, const LinkEnd& end, ImVec2 to);
  void draw_frame_title(const App& app, const std::string& title, ImVec2 bottom_left, float width);
  void draw_comment_text(const App& app, const std::string& text, ImVec2 at, ImVec2 room);
  void take_frame_size(App& app, Document& document, const Frame& frame);
  void tell_port(App& app, const Document& document, const LinkEnd& end);
  void draw_text_edit(App& app, Document& document);
  std::optional<ImVec4> wanted_rect(const App& app, const Document& document);
  ImVec4 fitted(const App& app, ImVec4 all) const;
  bool covers_nodes(const ImVec4& view, const ImVec4& area) const;
  std::optional<ImVec4> minimap_area(const App& app) const;
  void follow_history(const Document& document);
  void remember_view();
  void follow_size(const Document& document);
  void navigate(const App& app, const Document& document);
  void pan_with_middle_button();
  const NodeView* node_at(ImVec2 at) const;
  void find_seen();
  void find_awake();
  bool selects() const;
  void put_positions();
  void put_position(std::size_t node);
  void take_dragged();
  void take_positions(App& app, Document& document);
  void exchange_selection(Document& document);
  void find_readers(App& app, const Document& document);
  void take_dropped_type(App& app, Document& document);
  void take_strokes(App& app, Document& document);
  void take_clicks(App& app, Document& document);
  void take_right_click();
  void draw_menus(App& app, Document& document);
  void node_menu(App& app, Document& document);
  void link_menu(App& app, Document& document);
  void port_menu(App& app, Document& document);
  void background_menu(App& app, Document& document);
  void frame_colour_menu(App& app, Document& document, const std::string& id);
  void set_note_text(Document& document, const Annotations& notes);

  struct Deleter {
    void operator()(ax::NodeEditor::EditorContext* context) const { ax::NodeEditor::DestroyEditor(context); }
  };
  std::unique_ptr<ax::NodeEditor::EditorContext, Deleter> context_;
  CanvasModel model_;
  std::uint64_t placed_generation_ = 0;
  std::string shown_scope_;
  Selection known_selection_;
  float zoom_ = 1;
  ImVec2 min_, max_;  ///< of the canvas on the screen
  ImVec2 size_;  ///< that it had in the frame before
  ImVec2 view_min_, view_max_;  ///< what it shows, in canvas units
  int frames_ = 0;
  bool fit_wanted_ = true, fit_selection_ = false;
  std::string look_at_;
  std::optional<View> look_wanted_;
  std::optional<View> navigated_;  ///< what the library was asked to show in the frame before
  std::optional<View> fitted_view_;  ///< the last one, if it shows all
  std::vector<View> views_before_, views_after_;  ///< to go back and forward; the latest last
  std::map<std::size_t, View> views_of_steps_;  ///< before them
  std::size_t known_position_ = 0;  ///< in the document's history
  // Of each node of the model.
  std::vector<char> seen_;  ///< it is in the view
  std::vector<char> drawn_;  ///< its pins are: a link of it may be in the view
  std::vector<char> awake_;  ///< the library knows it, though it is far away
  std::vector<char> selected_;
  std::vector<char> placed_;  ///< it lies in the library where it does in the model
  std::uint64_t selected_generation_ = 0;
  std::string held_;  ///< the node on which the mouse was pressed
  std::vector<std::string> readers_;  ///< nodes that show the file that they read; sorted
  std::uint64_t readers_revision_ = 0;  ///< of the document that they were found in
  std::string readers_scope_;  ///< and of the graph that was shown
  bool moving_ = false;
  Positions moved_;  ///< where the drag has brought what it moves; the document hears it at its end
  std::string last_moved_;  ///< the node, if it was a single one
  std::vector<ImVec2> stroke_;  ///< in canvas units
  bool stroke_is_knife_ = false;
  std::optional<LinkEnd> dragged_;  ///< the end that a dragged link holds on to
  std::optional<Link> taken_up_;  ///< the link whose end is dragged off its input
  std::optional<Link> insert_target_;  ///< the link under a node that is dragged
  ax::NodeEditor::NodeId menu_node_ = 0;
  ax::NodeEditor::LinkId menu_link_ = 0;
  std::optional<LinkEnd> menu_port_;
  ImVec2 menu_at_{0, 0};
  const char* menu_wanted_ = nullptr;  ///< that a right click asked for in this frame
  std::string edit_note_, edit_text_;  ///< the frame or comment whose text is edited
  bool edit_opened_ = false, edit_is_new_ = false;
};

}  // namespace weft::editor
