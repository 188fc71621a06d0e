#include "training/contact_sheet.h"

#include <OpenImageIO/imageio.h>
#include <torch/torch.h>

#include <stdexcept>

namespace weft::paper_cut {

void write_sheet(const std::filesystem::path& path, const at::Tensor& pictures, std::int64_t columns) {
  const std::int64_t n = pictures.size(0), height = pictures.size(2), width = pictures.size(3);
  const std::int64_t rows = (n + columns - 1) / columns;
  const at::Tensor bytes =
      ((pictures.detach().to(at::kFloat).clamp(-1, 1) + 1) * 127.5).round().to(at::kByte).permute({0, 2, 3, 1});
  at::Tensor sheet = at::full({rows * height, columns * width, 3}, 255, at::kByte);
  for (std::int64_t i = 0; i < n; ++i) {
    sheet.narrow(0, i / columns * height, height).narrow(1, i % columns * width, width).copy_(bytes[i]);
  }
  const auto out = OIIO::ImageOutput::create(path.string());
  const OIIO::ImageSpec spec(int(columns * width), int(rows * height), 3, OIIO::TypeDesc::UINT8);
  if (!out || !out->open(path.string(), spec) || !out->write_image(OIIO::TypeDesc::UINT8, sheet.data_ptr())) {
    throw std::runtime_error(path.string() + ": cannot write the sheet: " + (out ? out->geterror() : OIIO::geterror()));
  }
  out->close();
}

}  // namespace weft::paper_cut
