#include "cli/progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "cli/output.h"
#include "cli/problems.h"
#include "cli/terminal.h"

namespace weft::cli {

namespace {

using Clock = std::chrono::steady_clock;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

std::string warning_text(std::string_view node, const NodeWarning& warning) {
  return fmt::format("warning: node \"{}\": {}", node, warning.text);
}
std::string foreign_text(const std::string& node, const std::string& line) {
  return node.empty() ? line : fmt::format("node \"{}\": {}", node, line);
}

/// "picture 2 of 9 (CFG 5)"
std::string cell_text(std::size_t number, std::size_t count, const std::string& caption) {
  return fmt::format("picture {} of {} ({})", number, count, caption);
}

std::string summary_line(const RunFinished& end) {
  const char* how = end.cancelled ? "cancelled" : end.failed > 0 ? "failed" : "finished";
  std::string line = fmt::format("{} in {}; nodes: {} ran, {} cached", how, time_text(end.time), end.ran, end.cached);
  if (end.failed) line += fmt::format(", {} failed", end.failed);
  if (end.skipped) line += fmt::format(", {} skipped", end.skipped);
  return line;
}

/// A node that runs, and how far it is.
struct Running {
  std::string node;
  Clock::time_point started = Clock::now();
  Clock::time_point counted_since = started;  ///< of the first report: loading before it says nothing about the pace
  std::int64_t first = 0, done = 0, total = 0;

  void report(const NodeProgress& progress) {
    if (total == 0) {
      counted_since = Clock::now();
      first = progress.done;
    }
    done = progress.done;
    total = progress.total;
  }

  /// "12/20, 3.2 s, 2.1 s left"
  std::string text() const {
    std::string text = total > 0 ? fmt::format("{}/{}, ", done, total) : "";
    text += time_text(Clock::now() - started);
    if (done > first && done < total) {
      const auto a_step = (Clock::now() - counted_since) / (done - first);
      text += fmt::format(", {} left", time_text(a_step * (total - done)));
    }
    return text;
  }
};

class NoProgress final : public Progress {
 public:
  void event(const Event& event) override {
    if (const auto* warning = std::get_if<NodeWarning>(&event.kind)) say(warning_text(event.node, *warning));
  }
  void cell(std::size_t, std::size_t, const std::string&) override {}
  void message(const std::string& text) override { say(text); }
  void foreign(const std::string& node, const std::string& line) override { say(foreign_text(node, line)); }
  void problem(const Problem& problem) override { say(problem_line(problem)); }
};

class JsonProgress final : public Progress {
 public:
  void event(const Event& event) override { say_json(to_json(event)); }
  void cell(std::size_t number, std::size_t count, const std::string& caption) override {
    say_json({{"event", "sweep_cell"}, {"cell", number}, {"cells", count}, {"caption", caption}});
  }
  void message(const std::string& text) override { say_json({{"event", "message"}, {"text", text}}); }
  void foreign(const std::string& node, const std::string& line) override {
    nlohmann::json message = {{"event", "message"}, {"text", line}};
    if (!node.empty()) message["node"] = node;
    say_json(message);
  }
  void problem(const Problem& problem) override {
    nlohmann::json line = problem_json(problem);
    line["event"] = "problem";
    say_json(line);
  }
};

class LineProgress final : public Progress {
 public:
  void event(const Event& event) override {
    const std::string node(event.node);
    std::visit(Overloaded{
                   [&](const RunStarted& run) { planned_ = run.nodes, settled_ = 0; },
                   [&](const NodeStarted&) { running_[node] = {.node = node}; },
                   [&](const NodeProgress& progress) { report(running_[node], progress); },
                   [&](const NodeCached&) { ++settled_; },
                   [&](const NodeWarning& warning) { say(warning_text(node, warning)); },
                   [&](const NodeFinished& end) { settle(node, "done in " + time_text(end.time)); },
                   [&](const NodeFailed&) { settle(node, "failed"); },
                   [&](const NodeCancelled&) { settle(node, "cancelled"); },
                   [&](const NodeSkipped& skipped) { settled_ += !skipped.muted; },
                   [&](const RunFinished& end) { say(cell_ + summary_line(end)); },
                   [](const auto&) {},
               },
        event.kind);
  }
  void cell(std::size_t number, std::size_t count, const std::string& caption) override {
    cell_ = cell_text(number, count, caption) + ": ";
  }
  void message(const std::string& text) override { say(text); }
  void foreign(const std::string& node, const std::string& line) override { say(foreign_text(node, line)); }
  void problem(const Problem& problem) override { say(problem_line(problem)); }

 private:
  static constexpr std::chrono::seconds kQuiet{5};

  void report(Running& running, const NodeProgress& progress) {
    running.report(progress);
    if (Clock::now() - said_ < kQuiet) return;
    said_ = Clock::now();
    say_lines(fmt::format("[{}/{}] {}: {}\n", settled_, planned_, message_line(running.node), running.text()));
  }

  void settle(const std::string& node, const std::string& how) {
    running_.erase(node);
    say_lines(fmt::format("[{}/{}] {}: {}\n", ++settled_, planned_, message_line(node), how));
  }

  std::map<std::string, Running> running_;
  std::size_t planned_ = 0, settled_ = 0;
  std::string cell_;
  Clock::time_point said_ = Clock::now();
};

/// Redraws on its own thread, so that times move while a node says nothing.
class BarProgress final : public Progress {
 public:
  BarProgress() : ticker_([this](std::stop_token stop) { tick(stop); }) {}
  ~BarProgress() override {
    ticker_.request_stop();
    ticker_.join();
    erase();
  }

  void event(const Event& event) override {
    const std::scoped_lock lock(mutex_);
    std::visit(Overloaded{
                   [&](const RunStarted& run) { planned_ = run.nodes, settled_ = 0; },
                   [&](const NodeStarted&) { running_.push_back({.node = std::string(event.node)}); },
                   [&](const NodeProgress& progress) {
                     if (const auto it = find(event.node); it != running_.end()) it->report(progress);
                   },
                   [&](const NodeWarning& warning) { print(warning_text(event.node, warning)); },
                   [&](const NodeCached&) { ++settled_; },
                   [&](const NodeSkipped& skipped) { settled_ += !skipped.muted; },
                   [&](const NodeFinished&) { settle(event.node); },
                   [&](const NodeFailed&) { settle(event.node); },
                   [&](const NodeCancelled&) { settle(event.node); },
                   [&](const RunFinished& end) {
                     planned_ = 0;  // nothing to draw any more
                     print(cell_ + summary_line(end));
                   },
                   [](const auto&) {},
               },
        event.kind);
  }
  void cell(std::size_t number, std::size_t count, const std::string& caption) override {
    const std::scoped_lock lock(mutex_);
    cell_ = cell_text(number, count, caption) + ": ";
  }
  void message(const std::string& text) override {
    const std::scoped_lock lock(mutex_);
    print(text);
  }
  void foreign(const std::string& node, const std::string& line) override {
    const std::scoped_lock lock(mutex_);
    print(foreign_text(node, line));
  }
  void problem(const Problem& problem) override {
    const std::scoped_lock lock(mutex_);
    print(problem_line(problem));
  }

 private:
  std::vector<Running>::iterator find(std::string_view node) {
    return std::ranges::find(running_, node, &Running::node);
  }

  void settle(std::string_view node) {
    ++settled_;
    if (const auto it = find(node); it != running_.end()) running_.erase(it);
  }

  /// A line that stays, above the bar.
  void print(const std::string& line) {
    erase();
    say(line);
    redraw();
  }

  void erase() {
    if (drawn_) draw("\r\x1b[K");
    drawn_ = false;
  }

  void redraw() {
    if (planned_ == 0) return;
    constexpr std::size_t kCells = 20;
    const Running* counting = nullptr;
    std::vector<std::string> parts;
    for (const Running& running : running_) {
      parts.push_back(fmt::format("{} {}", one_line(running.node), running.text()));
      if (running.total > 0) counting = &running;
    }
    std::string bar;
    if (counting) {
      const std::int64_t done = std::clamp<std::int64_t>(counting->done, 0, counting->total);
      const std::size_t full = kCells * static_cast<std::size_t>(done) / static_cast<std::size_t>(counting->total);
      bar = fmt::format(" [{}{}]", std::string(full, '#'), std::string(kCells - full, '-'));
    }
    const std::string line =
        fmt::format("{}{}/{}{} {}", one_line(cell_), settled_, planned_, bar, fmt::join(parts, " | "));
    draw(fmt::format("\r{}\x1b[K", cut_to_width(line, terminal_width() - 1)));
    drawn_ = true;
  }

  void tick(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      redraw();
      wake_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Running> running_;
  std::size_t planned_ = 0, settled_ = 0;
  std::string cell_;
  bool drawn_ = false;
  std::jthread ticker_;  // last: the others must live as long as it runs
};

}  // namespace

std::unique_ptr<Progress> make_progress(const std::string& mode) {
  if (mode == "json") return std::make_unique<JsonProgress>();
  if (mode == "none") return std::make_unique<NoProgress>();
  if (mode == "bar" || isatty(STDERR_FILENO)) return std::make_unique<BarProgress>();
  return std::make_unique<LineProgress>();
}

}  // namespace weft::cli
