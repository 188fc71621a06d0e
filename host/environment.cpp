#include "host/environment.h"

#include "assets/model_files.h"

namespace weft::host {

RunEnvironment make_environment(const EnvironmentChoice& choice) {
  return {.workflow_folder = choice.workflow_folder,
      .input_folders = {choice.workflow_folder / "input", std::filesystem::current_path()},
      .output_folder = choice.output_folder,
      .model_folders = model_roots(choice.model_folders, choice.workflow_folder),
      .dtype = choice.dtype};
}

}  // namespace weft::host
