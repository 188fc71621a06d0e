// The bar at the top: menus made from the table of commands, and the controls of runs. [main-thread]
#pragma once

namespace weft::editor {

class App;

/// An entry of a menu; nothing for a command that does nothing in this program.
void menu_item(App& app, const char* command);
void draw_menu_bar(App& app);
/// The line at the bottom: what was said last, what is on the canvas.
void draw_status_bar(App& app);

}  // namespace weft::editor
