// What one frame of the editor costs the processor, from NewFrame() to Render(), without OpenGL: graphs of 100, 1,000
// and 2,000 nodes with two links a node, all on the screen, and 10,000 of which a part is. Each as it stands still,
// while the view moves, and while it does with all of it selected.
//
//   build/release/bin/bench_editor_frame
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_impl_null.h>
#include <implot.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <vector>

#include "editor/app/app.h"
#include "editor/frame.h"
#include "plugins/folders.h"

namespace {

using namespace weft;
using namespace weft::editor;

Workflow grid_of(int count) {
  Workflow workflow;
  std::vector<GraphNode> nodes;
  const int columns = static_cast<int>(std::ceil(std::sqrt(count * 0.7)));
  const auto name = [](int i) { return fmt::format("n{}", i); };
  for (int i = 0; i < count; ++i) {
    GraphNode node{.id = name(i),
        .type = i < 2 ? "mask.solid" : "mask.combine",
        .ui = {{"x", i % columns * 300}, {"y", i / columns * 190}}};
    if (i >= 2) node.inputs = {{"a", Links{{name(i - 1), "mask"}}}, {"b", Links{{name(i - 2), "mask"}}}};
    nodes.push_back(std::move(node));
  }
  workflow.graph.add_all(std::move(nodes));
  return workflow;
}

void draw(App& app) {
  ImGui_ImplNullPlatform_NewFrame();
  ImGui_ImplNullRender_NewFrame();
  ImGui::GetIO().DisplaySize = {1920, 1080};
  ImGui::NewFrame();
  draw_frame(app);
  ImGui::Render();
  ImGui_ImplNullRender_RenderDrawData(ImGui::GetDrawData());
}

/// Milliseconds of frames before each of which `step` does something; sorted.
template <class Step>
std::vector<double> times_of_frames(App& app, const Step& step) {
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    step(i);
    const auto start = std::chrono::steady_clock::now();
    draw(app);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(times);
  return times;
}

void measure(App& app, int nodes, bool fit) {
  app.show(std::make_unique<Document>(grid_of(nodes)));
  Canvas& canvas = app.active()->canvas;
  for (int i = 0; i < 60; ++i) draw(app);
  if (!fit) canvas.look({{3000, 3000}, 1});
  for (int i = 0; i < 20; ++i) draw(app);
  const std::vector<double> still = times_of_frames(app, [](int) {});
  const int vertices = ImGui::GetDrawData()->TotalVtxCount;
  const View view = canvas.view();
  const std::vector<double> moving = times_of_frames(
      app, [&](int i) { canvas.look({{view.centre.x + i % 7 / view.zoom, view.centre.y}, view.zoom}); });
  app.commands.run("select.all");
  for (int i = 0; i < 10; ++i) draw(app);
  const std::vector<double> selected = times_of_frames(
      app, [&](int i) { canvas.look({{view.centre.x + i % 7 / view.zoom, view.centre.y}, view.zoom}); });
  fmt::print(
      "{:6} nodes, {:6} links, zoom {:3.0f} %: median {:.2f} ms, 95 % {:.2f} ms, moving {:.2f} ms, with all selected "
      "{:.2f} ms, {} vertices\n",
      nodes, canvas.model().links.size(), view.zoom * 100, still[100], still[190], moving[100], selected[100],
      vertices);
  app.close_now(*app.active());
}

}  // namespace

int main() {
  const std::filesystem::path scratch = std::filesystem::temp_directory_path() / "weft-bench-editor";
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  ImGui::GetIO().ConfigFlags |= ImGuiConfigFlags_DockingEnable;
  ImGui_ImplNullPlatform_Init();
  ImGui_ImplNullRender_Init();
  {
    App app({.plugin_folders = plugin_folders(), .settings_file = scratch / "settings.json", .state_folder = scratch});
    measure(app, 100, true);
    measure(app, 1000, true);
    measure(app, 2000, true);
    measure(app, 10000, false);
  }
  ImGui_ImplNullRender_Shutdown();
  ImGui_ImplNullPlatform_Shutdown();
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  std::filesystem::remove_all(scratch);
}
