// Ui: what a test does with the editor: clicks, drags and types at places that it names by nodes and ports,
// and looks at the document. Tests are functions; each file of tests has one that lists its own.
#pragma once

#include <imgui.h>
#include <imgui_test_engine/imgui_te_context.h>
#include <imgui_test_engine/imgui_te_engine.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "editor/app/app.h"

namespace weft::editor::test {

class Ui {
 public:
  Ui(ImGuiTestContext& context, App& editor, std::filesystem::path folder)
      : ctx(context), app(editor), scratch(std::move(folder)) {}

  // Documents. Each becomes the only one that is open, with default settings, and is drawn.
  void empty();
  void text_to_image();
  void open(const Workflow& workflow);
  Document& doc() { return *app.document(); }
  const Graph& graph() { return doc().graph(); }
  Canvas& canvas() { return app.active()->canvas; }
  /// The literal at a param.
  nlohmann::json param(const std::string& node, const std::string& port);
  bool linked(const std::string& source, const std::string& target);  ///< "node.port"
  std::string add(const std::string& type, Point at);                 ///< without the mouse

  // Places on the screen.
  ImVec2 title(const std::string& node);
  ImVec2 pin(const std::string& node, const std::string& port, bool output);
  ImVec2 field(const std::string& node, const std::string& port);
  ImVec2 link(const std::string& source, const std::string& target);  ///< its middle
  ImVec2 at(Point canvas_point);
  ImVec2 nothing();  ///< of the canvas, in its lower left corner

  // Gestures.
  void click(ImVec2 at, int button = 0);
  void double_click(ImVec2 at);
  void drag(ImVec2 from, ImVec2 to, int button = 0);
  void select(const std::string& node) { click(title(node)); }
  void key(ImGuiKeyChord chord);
  void type(const char* text);
  /// Chooses from the search list that is open: types, and presses Enter.
  void choose(const char* query);
  /// Turns the wheel over the library until the node type is seen; its name for ItemClick() and such.
  std::string in_library(const std::string& title);
  void wait(int frames = 3) { ctx.Yield(frames); }
  /// Waits until nothing runs and nothing waits; false if it takes too long.
  bool wait_for_runs();
  void focus_canvas();

  ImGuiTestContext& ctx;
  App& app;
  std::filesystem::path scratch;  ///< a folder for files of the tests

 private:
  void close_all();
};

struct Test {
  const char* area;
  const char* name;
  std::function<void(Ui&)> body;
};

std::vector<Test> canvas_tests();
std::vector<Test> link_tests();
std::vector<Test> list_tests();
std::vector<Test> param_tests();
std::vector<Test> panel_tests();
std::vector<Test> picture_tests();
std::vector<Test> file_tests();
std::vector<Test> run_tests();
std::vector<Test> sweep_tests();
/// Not tests: each brings the window into a state of which the documentation shows a picture.
std::vector<Test> screenshots();
/// Further states, to be looked at.
std::vector<Test> more_screenshots();

}  // namespace weft::editor::test
