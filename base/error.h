// Failures, as sentences: who, what is wrong, what to do about it. Programmer errors are asserts; everything that a
// user, a file or a plugin can cause is one of these. `Cancelled` is no failure and no std::exception on purpose: a
// `catch (const std::exception&)` in a node must not swallow a cancel.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/export.h"

namespace weft {

/// One thing that is wrong with a workflow. `node` and `port` are empty where the problem belongs to neither.
struct Problem {
  std::string node;
  std::string port;
  std::string what;    ///< "'steps' is 0, the least is 1"
  std::string remedy;  ///< "give a value from 1 to 10000"

  /// `node "sampler", port "steps": ... : ...`, one line.
  WEFT_EXPORT std::string text() const;
  bool operator==(const Problem&) const = default;
};

/// A graph, workflow file or edit that cannot be. Carries every problem that was found, not only the first.
class WEFT_EXPORT GraphError : public std::runtime_error {
 public:
  explicit GraphError(Problem problem);
  explicit GraphError(std::vector<Problem> problems);
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

/// A node that failed while it ran. Nodes throw it (or any std::exception, to which the executor adds the node's name).
class WEFT_EXPORT NodeError : public std::runtime_error {
 public:
  explicit NodeError(const std::string& what, const std::string& remedy = {});
};

/// Memory of a device is used up. The executor frees what its ledger can, runs the node once more, then fails.
class WEFT_EXPORT OutOfMemory : public NodeError {
 public:
  /// `free_bytes`: at the moment when it ran out. 0 bytes: not known.
  OutOfMemory(const std::string& device, std::uint64_t wanted_bytes, std::uint64_t free_bytes);
  const std::string& device() const { return device_; }  ///< Device::name(): "cuda:0"
  std::uint64_t wanted_bytes() const { return wanted_bytes_; }
  std::uint64_t free_bytes() const { return free_bytes_; }

 private:
  std::string device_;
  std::uint64_t wanted_bytes_;
  std::uint64_t free_bytes_;
};

/// A plugin that could not be taken in.
class WEFT_EXPORT PluginError : public std::runtime_error {
 public:
  explicit PluginError(const std::string& what, const std::string& remedy = {});
};

/// Thrown by RunContext::progress() and cancel_point() after a cancel was asked for; ends the node. Not an error.
struct Cancelled {};

}  // namespace weft
