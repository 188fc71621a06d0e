#include "nodes/sd/families/label_names.h"

#include <fstream>

#include "nodes/sd/files/share_file.h"

namespace weft::sd {

std::vector<std::string> usual_label_names(std::int64_t classes) {
  constexpr std::int64_t kImageNet = 1000;
  if (classes != kImageNet && classes != kImageNet + 1) return {};
  std::vector<std::string> names;
  std::ifstream in(share_file("imagenet_classes.txt"));
  for (std::string line; std::getline(in, line);) names.push_back(line);
  if (static_cast<std::int64_t>(names.size()) != kImageNet) return {};
  if (classes > kImageNet) names.push_back("unconditional");
  return names;
}

}  // namespace weft::sd
