// A process that edits, saves and runs is killed at random moments: no file is damaged, and at most the last
// gesture is lost.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <random>
#include <thread>

#include "editor/session/document_runs.h"
#include "editor/session/gestures.h"
#include "editor/session/journal.h"
#include "tests/graph/toy_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 200;

/// A number that parent and child see both: how many gestures the child has made and handed to the journal.
class SharedCount {
 public:
  SharedCount() {
    memory_ = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    count_ = new (memory_) std::atomic<int>(0);
  }
  ~SharedCount() { ::munmap(memory_, sizeof(std::atomic<int>)); }
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  std::atomic<int>* operator->() { return count_; }

 private:
  void* memory_;
  std::atomic<int>* count_;
};

Workflow first_workflow() {
  Workflow workflow;
  workflow.graph.add({.id = "a", .type = "toy.light", .inputs = {{"value", 0}}});
  workflow.graph.add({.id = "b", .type = "toy.heavy", .inputs = {{"in", Links{{"a", "out"}}}}});
  return workflow;
}

/// The number of the gesture that a workflow is the result of: it stands in a param.
int gesture_of(const Workflow& workflow) {
  return std::get<Literal>(workflow.graph.node("a").inputs.at("value")).get<int>();
}

/// Edits for ever: every gesture writes its number, some save, some run.
[[noreturn]] void edit_until_killed(const fs::path& folder, SharedCount& made) {
  Registry registry;
  const auto script = std::make_shared<toy::Script>();
  registry.add_node("toy.light", {}, std::make_unique<toy::Toy>(script));
  registry.add_node("toy.heavy", {.lane = Lane::Device}, std::make_unique<toy::Toy>(script));
  Journal journal(folder / "sessions");
  runs::RunQueue queue(registry, {.runner = {.light_workers = 2}, .folder = journal.queue_folder()});
  Document document(first_workflow());
  document.save_as(folder / "a.json");
  for (int gesture = 1;; ++gesture) {
    set_param(document, "a", "value", gesture);
    document.end_gesture();
    journal.record(document);
    made->store(gesture);
    if (gesture % 5 == 0) queue.add(run_of(document));
    if (gesture % 7 == 0) journal.save_as(document, document.file());
    std::this_thread::sleep_for(std::chrono::microseconds(gesture * 37 % 400));
  }
}

TEST(Crash, AtAnyMomentLosesAtMostTheLastGestureAndNoFile) {
  std::mt19937 random(20261122);
  int recovered = 0, with_jobs = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const TemporaryFolder folder;
    SharedCount made;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) edit_until_killed(folder.path(), made);
    while (made->load() == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    const int last = made->load();
    const Workflow saved = load_workflow(folder / "a.json");  // throws if it is damaged
    int kept = gesture_of(saved);
    const Journal journal(folder / "sessions");
    const std::vector<Recoverable> found = journal.recoverable();
    ASSERT_LE(found.size(), 1u);
    if (!found.empty()) {
      ++recovered;
      EXPECT_EQ(found[0].file, folder / "a.json");
      EXPECT_GE(gesture_of(found[0].workflow), kept) << "older than the file";
      kept = gesture_of(found[0].workflow);
    }
    EXPECT_GE(kept, last - 1) << "more than the last gesture was lost";
    EXPECT_LE(kept, last + 1) << "nobody made that gesture";

    const Registry none;
    runs::RunQueue queue(none);
    queue.pause(true);
    for (const fs::path& left : journal.left_queues()) queue.take_up(left);
    const auto state = queue.state();
    with_jobs += state->queue.empty() ? 0 : 1;
    for (const runs::Job& job : state->queue) EXPECT_LE(gesture_of(*job.workflow), last + 1);
    queue.cancel_all();
  }
  EXPECT_GT(recovered, kKills / 2) << "the kills must come while something is not saved";
  EXPECT_GT(with_jobs, 0);
}

}  // namespace
}  // namespace weft::editor
