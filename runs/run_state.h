// RunState: what is known of runs: a value that the queue makes and whoever shows it (a window in each frame, a server's client)
// reads without waiting. `revision` tells whether anything is new. [any thread]
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/value.h"
#include "graph/workflow.h"
#include "runs/seeds.h"

namespace weft::runs {

using JobId = std::uint64_t;

/// Whose runs they are: an open document in an editor, a client of a server. Whoever asks for runs gives out the numbers; each
/// owner has results, seeds that count up and watched nodes of its own.
using OwnerId = std::uint64_t;

/// The run that something came from.
struct RunOrigin {
  JobId job = 0;
  std::shared_ptr<const Workflow> workflow;  ///< what ran, with the seeds that were drawn
  std::vector<SeedUse> seeds;
  std::chrono::system_clock::time_point time;  ///< when it began
};

/// One output of a node that a run kept for the viewer.
struct OutputView {
  std::string port;
  std::string type;
  Value value;
  std::vector<std::shared_ptr<const Picture>> pictures;  ///< of a batch its items'; empty where the type has none
  std::vector<std::string> captions = {};  ///< of a sweep's pictures; empty: its table of all
  nlohmann::json description;  ///< shape, range ...; null where the type says nothing
  std::shared_ptr<const RunOrigin> origin;
};

/// What is known of a node from the last run that it was in.
struct NodeRun {
  enum class State : std::uint8_t { Idle, Queued, Running, Cached, Done, Failed, Skipped, Cancelled };
  State state = State::Idle;
  std::int64_t done = 0, total = 0;  ///< steps, while it runs; total 0: not known
  std::optional<double> seconds_left;  ///< while it runs
  double seconds = 0;  ///< that it took
  std::uint64_t bytes = 0;  ///< of its outputs
  std::string device;  ///< "cuda:0"
  std::string why;  ///< why it ran
  std::optional<Problem> problem;  ///< with its remedy, if it failed
  std::uint64_t refused_at = 0;  ///< the owner's revision, if a run did not begin because of `problem`
  std::string because_of;  ///< the ancestor that failed, if it was skipped
  std::vector<std::string> warnings;
  std::shared_ptr<const Picture> preview;  ///< the latest
  std::uint64_t preview_number = 0;  ///< another one for each preview: when to upload a texture anew
  std::shared_ptr<const RunOrigin> preview_origin;
  std::chrono::steady_clock::time_point preview_at;  ///< when it came
  std::shared_ptr<const RunOrigin> origin;  ///< of the run that it came to its end in, or was taken from the cache for
  std::vector<OutputView> outputs;  ///< of wanted and watched nodes
  std::vector<std::filesystem::path> files;  ///< that it wrote
};

struct Job {
  enum class State : std::uint8_t { Queued, Running, Done, Failed, Cancelled };
  JobId id = 0;
  OwnerId owner = 0;  ///< 0: of an earlier session
  std::string title;  ///< for people: whose it is, and the nodes if not all
  std::filesystem::path file;  ///< of the workflow; empty: none
  std::filesystem::path folder;  ///< where relative names of files are looked up
  std::uint64_t revision = 0;  ///< of the owner's workflow when it was queued
  std::shared_ptr<const Workflow> workflow;  ///< what runs, with the seeds that were drawn
  std::vector<std::string> wanted;  ///< empty: all results
  std::size_t cells = 0;  ///< of the workflow's sweep, which runs as a whole; 0: a plain run
  std::vector<SeedUse> seeds;
  std::vector<std::string> differs;  ///< from the job that its owner queued before: "CFG 7.5"
  State state = State::Queued;
  std::chrono::system_clock::time_point queued_at, started_at, ended_at;
  double fraction = 0;  ///< of the work, by the time that nodes took before; 0 to 1
  std::optional<double> seconds_left;  ///< when this was made; nothing as long as it is not known
  std::chrono::system_clock::time_point outlook_at;  ///< when that was
  std::vector<Problem> problems;
  std::vector<std::filesystem::path> files;  ///< that its nodes wrote
};

/// What is left now of the time that was left; nothing where it is not known, or has turned out to be longer.
std::optional<double> seconds_left(const Job& job, std::chrono::system_clock::time_point now);

/// What is known of an owner's nodes.
struct OwnerRun {
  JobId job = 0;  ///< the latest that ran
  /// By address.
  std::map<std::string, NodeRun, std::less<>> nodes;
  std::map<PortRef, SeedUse> seeds;  ///< that were used last
};

/// What is known of a node; of an instance, what its nodes together say: the state, the time, the memory, the latest preview,
/// the first problem. Nothing if no run has met it.
std::optional<NodeRun> node_run(const OwnerRun& run, const std::string& address);

struct RunState {
  std::uint64_t revision = 0;
  bool paused = false;
  std::vector<Job> queue;  ///< the running one first, then those that wait, in order
  std::vector<Job> history;  ///< ended ones, latest last; the last hundred
  std::map<OwnerId, std::shared_ptr<const OwnerRun>> owners;

  const Job* running() const {
    return queue.empty() || queue.front().state != Job::State::Running ? nullptr : &queue.front();
  }
  /// By address; null if no run has met the node yet.
  const NodeRun* node(OwnerId owner, std::string_view address) const {
    const auto run = owners.find(owner);
    if (run == owners.end()) return nullptr;
    const auto found = run->second->nodes.find(address);
    return found == run->second->nodes.end() ? nullptr : &found->second;
  }
};

}  // namespace weft::runs
