#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/session/node_text.h"
#include "editor/session/picture_file.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

const char* mark_of(runs::Job::State state) {
  switch (state) {
    case runs::Job::State::Queued:
      return icon::kQueued;
    case runs::Job::State::Running:
      return icon::kPlay;
    case runs::Job::State::Done:
      return icon::kDone;
    case runs::Job::State::Failed:
      return icon::kFailed;
    case runs::Job::State::Cancelled:
      return icon::kStop;
  }
  return "";
}

ImU32 colour_of(const Theme& t, runs::Job::State state) {
  switch (state) {
    case runs::Job::State::Running:
      return t.accent;
    case runs::Job::State::Done:
      return t.good;
    case runs::Job::State::Failed:
      return t.bad;
    case runs::Job::State::Cancelled:
      return t.warn;
    default:
      return t.text_dim;
  }
}

std::vector<Shown> pictures_of(const runs::Job& job) {
  std::vector<Shown> pictures;
  for (const std::filesystem::path& file : job.files)
    if (is_picture_name(file)) pictures.push_back({.node = {}, .port = {}, .file = file.string()});
  return pictures;
}

/// The first picture that the job wrote: a click shows it in the viewer, a double click over the whole window.
void draw_thumbnail(App& app, const std::vector<Shown>& pictures, float size) {
  const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + size, min.y + size};
  if (pictures.empty()) {
    ImGui::Dummy({size, size});
    return;
  }
  const bool pressed = ImGui::InvisibleButton("##picture", {size, size});
  if (ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
    open_lightbox(app, pictures, 0);
  else if (pressed && !app.panels.lightbox.open)
    show_in_viewer(app, pictures.front());
  const auto picture = app.pictures.thumbnail(pictures.front().file);
  if (!picture || picture->width == 0) return;
  const Textures::Entry texture =
      app.textures.get("queue " + pictures.front().file, reinterpret_cast<std::uintptr_t>(picture.get()), *picture);
  // The middle of it, as a square.
  const float wide = std::min(1.0f, texture.size.y / texture.size.x) / 2,
              high = std::min(1.0f, texture.size.x / texture.size.y) / 2;
  ImGui::GetWindowDrawList()->AddImageRounded(
      texture.ref, min, max, {0.5f - wide, 0.5f - high}, {0.5f + wide, 0.5f + high}, IM_COL32_WHITE, 3);
}

/// What tells the job from the others: what differs from the one before, its seeds, when it was.
std::string details_of(const runs::Job& job) {
  std::vector<std::string> words = job.differs;
  for (const runs::SeedUse& use : job.seeds)
    if (const std::string seed = fmt::format("{} {}", port_label(use.port.port), use.seed);
        std::ranges::find(words, seed) == words.end())
      words.push_back(seed);
  const auto at = job.state == runs::Job::State::Queued ? job.queued_at : job.started_at;
  if (at != std::chrono::system_clock::time_point{})
    words.push_back(fmt::format("{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(at))));
  return fmt::format("{}", fmt::join(words, "  \u00b7  "));
}

void draw_job(App& app, const runs::Job& job, std::size_t place, std::size_t waiting) {
  ImGui::PushID(static_cast<int>(job.id));
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  const float height = 2 * ImGui::GetTextLineHeightWithSpacing();
  ImGui::TextColored(as_vec4(colour_of(app.theme, job.state)), "%s", mark_of(job.state));
  ImGui::SameLine(ImGui::GetFontSize() * 1.4f);
  draw_thumbnail(app, pictures_of(job), height);
  ImGui::TableNextColumn();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::TextUnformatted(elided(job.title, width).c_str());
  const std::string details = details_of(job);
  dim_text(app.theme, elided(details, width));
  ImGui::SetItemTooltip("%s", details.c_str());
  ImGui::TableNextColumn();
  if (job.state == runs::Job::State::Running)
    ImGui::ProgressBar(static_cast<float>(job.fraction), {-1, 0}, fmt::format("{:.0f} %", job.fraction * 100).c_str());
  else if (job.state != runs::Job::State::Queued)
    dim_text(app.theme, fmt::format("{:.1f} s", seconds_of(job)));
  ImGui::TableNextColumn();
  if (job.state == runs::Job::State::Queued) {
    ImGui::BeginDisabled(place == 0);
    if (quiet_button((std::string(icon::kArrowUp) + "##up").c_str(), app.theme, tr("Earlier")))
      app.queue->move(job.id, place - 1);
    ImGui::EndDisabled();
    ImGui::SameLine(0, 2);
    ImGui::BeginDisabled(place + 1 >= waiting);
    if (quiet_button((std::string(icon::kArrowDown) + "##down").c_str(), app.theme, tr("Later")))
      app.queue->move(job.id, place + 1);
    ImGui::EndDisabled();
    ImGui::SameLine(0, 2);
  }
  if (job.state == runs::Job::State::Queued || job.state == runs::Job::State::Running)
    if (quiet_button((std::string(icon::kCross) + "##cancel").c_str(), app.theme, tr("Cancel")))
      app.queue->cancel(job.id);
  ImGui::PopID();
}

}  // namespace

void draw_queue(App& app) {
  if (ImGui::Begin(label("Queue"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    const runs::RunState& state = *app.runs;
    const std::string pause = state.paused ? fmt::format("{}  {}##pause", icon::kPlay, tr("Go On"))
                                           : fmt::format("{}  {}##pause", icon::kPause, tr("Pause"));
    if (quiet_button(pause.c_str(), app.theme,
            state.paused ? tr("Begins what waits") : tr("What runs goes on; nothing new is begun"), state.paused))
      app.queue->pause(!state.paused);
    ImGui::SameLine();
    ImGui::BeginDisabled(state.queue.empty());
    if (quiet_button(fmt::format("{}  {}##all", icon::kCross, tr("Cancel All")).c_str(), app.theme))
      app.queue->cancel_all();
    ImGui::EndDisabled();
    if (state.queue.empty() && state.history.empty()) {
      empty_hint(app.theme, icon::kList,
          tr("Runs wait here for their turn. Several may be queued, also of different workflows."));
    } else if (ImGui::BeginTable("jobs", 4, ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY)) {
      ImGui::TableSetupColumn("state", ImGuiTableColumnFlags_WidthFixed,
          ImGui::GetFontSize() * 1.4f + 2 * ImGui::GetTextLineHeightWithSpacing());
      ImGui::TableSetupColumn("title", ImGuiTableColumnFlags_WidthStretch, 4);
      ImGui::TableSetupColumn("progress", ImGuiTableColumnFlags_WidthStretch, 1.4f);
      ImGui::TableSetupColumn("actions", ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 7);
      const std::size_t running = state.running() ? 1 : 0;
      for (std::size_t i = 0; i < state.queue.size(); ++i)
        draw_job(app, state.queue[i], i - std::min(i, running), state.queue.size() - running);
      for (auto job = state.history.rbegin(); job != state.history.rend(); ++job) draw_job(app, *job, 0, 0);
      ImGui::EndTable();
    }
  }
  ImGui::End();
}

}  // namespace weft::editor
