// The bar at the top: menus made from the table of commands, and the controls of runs. [main-thread]
#pragma once

#include <string>

namespace weft::runs {
struct Job;
}

namespace weft::editor {

class App;

/// An entry of a menu; nothing for a command that does nothing in this program.
void menu_item(App& app, const char* command);
void draw_menu_bar(App& app);
/// The line at the bottom: what was said last, what is on the canvas.
void draw_status_bar(App& app);

/// What the bar says of the job that runs: "40 %  ·  12 s left"; of the time nothing as long as it is not known.
std::string progress_text(const runs::Job& job);

}  // namespace weft::editor
