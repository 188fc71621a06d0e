#include "editor/canvas/canvas_titles.h"

#include <algorithm>
#include <cmath>

#include "editor/app/app.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

constexpr float kCell = 4;  // pixels
constexpr float kLine = 1.2f;

}  // namespace

float title_bar(const NodeView& node, float zoom) {
  return std::min(std::max(metric::kTitle, kLine * kLeastTitle / zoom), node.layout.size.y);
}

CanvasTitles::CanvasTitles(const App& app, const Canvas& canvas)
    : app_(app), canvas_(canvas), list_(*ImGui::GetWindowDrawList()), size_(kLeastTitle * app.ui_scale()) {}

CanvasTitles::Box CanvasTitles::on_screen(const NodeView& node) const {
  return {
      canvas_.to_screen(node.at), canvas_.to_screen({node.at.x + node.layout.size.x, node.at.y + node.layout.size.y})};
}

void CanvasTitles::draw_all() {
  const float zoom = canvas_.zoom_ / app_.ui_scale();
  if (titles_are_readable(zoom)) return;
  const std::vector<NodeView>& nodes = canvas_.model_.nodes;
  std::vector<std::pair<std::size_t, Box>> outside;
  ImGui::PushFont(app_.fonts.bold, kLeastTitle);
  list_.PushClipRect(canvas_.min_, canvas_.max_, true);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!canvas_.seen_[i]) continue;
    const Box box = on_screen(nodes[i]);
    const float bar = title_bar(nodes[i], zoom) * canvas_.zoom_;
    if (box.max.x - box.min.x >= 3 * size_ && bar >= size_)
      draw_inside(nodes[i], {box.min, {box.max.x, box.min.y + bar}});
    else
      outside.emplace_back(i, box);
  }
  if (!outside.empty()) {
    columns_ = static_cast<int>((canvas_.max_.x - canvas_.min_.x) / kCell) + 1;
    rows_ = static_cast<int>((canvas_.max_.y - canvas_.min_.y) / kCell) + 1;
    cells_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), 0);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (canvas_.seen_[i]) take(on_screen(nodes[i]), static_cast<std::uint32_t>(i + 1));
    for (const auto& [node, box] : outside) draw_beside(node, box);
  }
  list_.PopClipRect();
  ImGui::PopFont();
}

void CanvasTitles::draw_inside(const NodeView& node, const Box& bar) {
  const Theme& t = app_.theme;
  const float pad = std::min(metric::kPad * canvas_.zoom_ + 1, size_ / 2);
  draw_text(node.layout.full_title, {{bar.min.x + pad, bar.min.y}, {bar.max.x - pad, bar.max.y}}, t.on_title());
}

void CanvasTitles::draw_beside(std::size_t node, const Box& box) {
  const float middle = (box.min.y + box.max.y) / 2, half = size_ * kLine / 2;
  const Box row{{box.min.x, middle - half}, {box.max.x, middle + half}};
  const float end = free_until(node, row, box.min.x + 12 * size_);
  if (end - box.min.x < 2.5f * size_) return;
  const Box room{row.min, {end, row.max.y}};
  take(room, static_cast<std::uint32_t>(node + 1));
  draw_text(canvas_.model_.nodes[node].layout.full_title, {{room.min.x + 1, room.min.y}, room.max}, app_.theme.text);
}

void CanvasTitles::draw_text(std::string_view text, const Box& room, ImU32 colour) {
  ImFont& font = *ImGui::GetFont();
  const float size = ImGui::GetFontSize(), width = room.max.x - room.min.x;
  const int most = std::clamp(static_cast<int>((room.max.y - room.min.y) / (size * kLine)), 1, 3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const char* end = text.data() + text.size();
    if (static_cast<int>(lines.size()) + 1 < most) end = font.CalcWordWrapPosition(size, text.data(), end, width);
    const auto length = static_cast<std::size_t>(end - text.data());
    lines.push_back(elided(text.substr(0, length), width));
    if (static_cast<int>(lines.size()) == most) break;
    text.remove_prefix(length);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  float y = (room.min.y + room.max.y - size * kLine * static_cast<float>(lines.size())) / 2;
  for (const std::string& line : lines) {
    list_.AddText({std::floor(room.min.x), std::floor(y)}, colour, line.data(), line.data() + line.size());
    y += size * kLine;
  }
}

void CanvasTitles::take(const Box& box, std::uint32_t mark) {
  const auto cell = [](float at, float from, int most) {
    return std::clamp(static_cast<int>((at - from) / kCell), 0, most);
  };
  const int left = cell(box.min.x, canvas_.min_.x, columns_ - 1), right = cell(box.max.x, canvas_.min_.x, columns_ - 1);
  const int top = cell(box.min.y, canvas_.min_.y, rows_ - 1), bottom = cell(box.max.y, canvas_.min_.y, rows_ - 1);
  for (int y = top; y <= bottom; ++y) std::fill_n(cells_.begin() + y * columns_ + left, right - left + 1, mark);
}

/// How far to the right a row is free of others, from the node on.
float CanvasTitles::free_until(std::size_t node, const Box& box, float furthest) const {
  const auto own = static_cast<std::uint32_t>(node + 1);
  const int top = std::max(0, static_cast<int>((box.min.y - canvas_.min_.y) / kCell));
  const int bottom = std::min(rows_ - 1, static_cast<int>((box.max.y - canvas_.min_.y) / kCell));
  float x = box.min.x;
  for (; x < std::min(furthest, canvas_.max_.x); x += kCell) {
    const int column = std::clamp(static_cast<int>((x - canvas_.min_.x) / kCell), 0, columns_ - 1);
    for (int y = top; y <= bottom; ++y)
      if (const std::uint32_t mark = cells_[static_cast<std::size_t>(y * columns_ + column)]; mark != 0 && mark != own)
        return x - kCell;
  }
  return x;
}

}  // namespace weft::editor
