// What programs without libtorch open (assets/model_tools.h).
#include "assets/model_tools.h"

#include "nodes/sd/reports/convert.h"
#include "nodes/sd/reports/model_report.h"

namespace weft::sd {
namespace {

class SdModelTools final : public ModelTools {
 public:
  nlohmann::json describe(const std::filesystem::path& model, bool hash) const override {
    return model_report(model, hash);
  }
  void convert(const ModelConversion& conversion) const override { convert_model(conversion); }
};

}  // namespace
}  // namespace weft::sd

extern "C" __attribute__((visibility("default"))) const weft::ModelTools* weft_model_tools() {
  static const weft::sd::SdModelTools tools;
  return &tools;
}
