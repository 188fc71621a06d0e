// The panels: each shows a part of the session and turns gestures into calls of it. One file a panel.
// [main-thread]
#pragma once

#include <memory>
#include <vector>

namespace weft::editor {

class App;
class Canvas;
struct ToldProblem;

/// The area that panels are docked in, with their default places.
void draw_dock_space(App& app);
/// At the edges of the canvas: what brings hidden panels back.
void draw_panel_handles(App& app, const Canvas& canvas);
void draw_empty_canvas(App& app);
void draw_start(App& app);  ///< where no workflow is open: ways to one
/// Cards of the templates, one under another as the width allows. True if one was chosen: its copy is open.
bool draw_templates(App& app);
void draw_template_dialog(App& app);

void draw_library(App& app);    ///< all node types, by menu
void draw_inspector(App& app);  ///< the selected node: params, run, help
void draw_history(App& app);
void draw_viewer(App& app);
void draw_gallery(App& app);
void draw_queue(App& app);
void draw_problems(App& app);
/// Those of the active document, as the list tells them.
std::shared_ptr<const std::vector<ToldProblem>> told_problems(App& app);
/// One of them without its node, where that is known: with its buttons.
void draw_problem_of_node(App& app, const ToldProblem& problem);
void draw_missing(App& app);  ///< node types, models and files that the workflow names and are not there
void draw_timings(App& app);
void draw_log(App& app);
void draw_settings(App& app);
void draw_recovery(App& app);
void draw_disk_change(App& app);
void draw_questions(App& app);      ///< before something is closed, quit or renamed
void draw_about(App& app);          ///< version, folders, plugins
void draw_painter(App& app);        ///< a node's painting, on what it is painted on
void draw_lightbox(App& app);       ///< a picture over the whole window
void draw_region_editor(App& app);  ///< a node's region, on the last picture

}  // namespace weft::editor
