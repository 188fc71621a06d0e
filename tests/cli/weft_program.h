// Starts the real `weft` in a scratch folder of its own and keeps what it said.
#pragma once

#include <gtest/gtest.h>

#include <boost/process.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace weft::test {

struct Outcome {
  int exit = -1;
  std::string out;  ///< stdout
  std::string err;  ///< stderr
};

struct Surrounding {
  std::string input = {};                             ///< stdin
  std::map<std::string, std::string> variables = {};  ///< of the environment
};

/// A `weft` that still runs. Killed if nobody waits for it.
class RunningWeft {
 public:
  RunningWeft(const std::filesystem::path& scratch, const std::vector<std::string>& command, const Surrounding&);
  ~RunningWeft();
  RunningWeft(const RunningWeft&) = delete;

  int pid() const { return child_.id(); }
  void signal(int number) const;
  /// Waits until stderr holds `text`; fails the test after a while.
  void await_error_text(const std::string& text) const;
  Outcome wait();

 private:
  std::filesystem::path out_, err_;
  boost::process::child child_;
};

class WeftProgram : public testing::Test {
 protected:
  WeftProgram();
  ~WeftProgram() override;

  Outcome weft(const std::vector<std::string>& arguments, const Surrounding& surrounding = {}) const;
  /// Any other program, such as a shell that limits `weft`.
  Outcome command(const std::vector<std::string>& command, const Surrounding& surrounding = {}) const;
  std::unique_ptr<RunningWeft> start(
      const std::vector<std::string>& arguments, const Surrounding& surrounding = {}) const;

  /// Writes a file into the scratch folder, where `weft` runs. Returns its name.
  std::string file(const std::string& name, const std::string& text = "") const;
  /// A workflow file of these nodes, as in the file's "nodes".
  std::string workflow(const std::string& nodes, const std::string& interface = "{}") const;

  std::vector<std::string> files_in(const std::string& folder) const;

  const std::filesystem::path scratch_;
};

/// Each line as JSON; fails the test on a line that is none.
std::vector<nlohmann::json> json_lines(const std::string& text);

}  // namespace weft::test
