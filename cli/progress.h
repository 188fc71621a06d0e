// Progress: everything that `weft run` says on stderr, in one of four ways.
//
//   bar    one line that shows what runs now, redrawn; gone at the end (for a terminal)
//   lines  a line when a node has finished, and now and then while it runs (for a log)
//   json   one JSON object a line and nothing else: the run's events (graph/events.h), {"event": "message",
//          "text"}, with "node" where it comes from one, {"event": "sweep_cell", "cell", "cells", "caption"} before the run
//          of each picture of a sweep, and {"event": "problem", "node", "port", "what", "remedy"}
//   none   messages and problems only
#pragma once

#include <memory>
#include <string>

#include "graph/events.h"

namespace weft::cli {

class Progress {
 public:
  virtual ~Progress() = default;
  /// [run-thread, one call at a time]
  virtual void event(const Event& event) = 0;
  /// The events that follow are of this picture of a sweep; cells count from 1. [between runs]
  virtual void cell(std::size_t number, std::size_t count, const std::string& caption) = 0;
  /// Something to know that is no failure. [any thread]
  virtual void message(const std::string& text) = 0;
  /// A line that a library or a plugin wrote to stdout or stderr; `node` may be empty. [any thread]
  virtual void foreign(const std::string& node, const std::string& line) = 0;
  /// Something that keeps the run from its result. [any thread]
  virtual void problem(const Problem& problem) = 0;
};

/// `mode`: bar, json, none, or auto: a bar on a terminal, else lines.
std::unique_ptr<Progress> make_progress(const std::string& mode);

}  // namespace weft::cli
