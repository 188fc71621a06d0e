// Models that Weft cannot use where they were given, as rows of what tells them, so that the error can say what they are
// and where they belong. A family that comes to be supported is deleted here.
//
// Each of these throws the ModelError that names the model, or returns.
#pragma once

#include <string>
#include <vector>

#include "nodes/sd/families/family.h"

namespace weft::sd {

/// Of a file that shall be a whole checkpoint, by its tensors' names.
void refuse_other_files(const std::string& file, const std::vector<std::string>& names);

/// Of a file that shall hold a U-Net alone, or one among other parts.
void refuse_other_unets(const std::string& file, const std::vector<std::string>& names);

/// Of a file that shall hold a ControlNet.
void refuse_other_control_nets(const std::string& file, const std::vector<std::string>& names);

/// Of a diffusers folder, by the pipeline's class in model_index.json.
void refuse_other_pipelines(const std::string& folder, const std::string& pipeline);

}  // namespace weft::sd
