// The error of everything that reads models: which file, what is wrong, what to do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace weft::sd {

class ModelError : public std::runtime_error {
 public:
  ModelError(std::string file, std::string problem, std::string remedy)
      : std::runtime_error(file + ": " + problem + (remedy.empty() ? "" : ": " + remedy)),
        file_(std::move(file)),
        problem_(std::move(problem)),
        remedy_(std::move(remedy)) {}

  const std::string& file() const { return file_; }
  const std::string& problem() const { return problem_; }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string file_, problem_, remedy_;
};

}  // namespace weft::sd
