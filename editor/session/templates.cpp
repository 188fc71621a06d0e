#include "editor/session/templates.h"

#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using Group = Template::Group;

struct Entry {
  const char* name;  ///< of the file, without ".json"
  const char* title;
  const char* about;
  Group group;
};

// Here and not in the files, so that they are translated.
constexpr Entry kEntries[] = {
    {"text-to-image", tr_later("Text to Image"), tr_later("A prompt becomes a picture"), Group::Start},
    {"image-to-image", tr_later("Image to Image"), tr_later("A picture is drawn again after a prompt"), Group::Start},
    {"inpainting", tr_later("Inpainting"), tr_later("What is painted over is made anew"), Group::Start},
    {"sweep", tr_later("Sweep"), tr_later("Values compared in a table"), Group::Start},
    {"upscale", tr_later("Upscale"), tr_later("Draws small, enlarges, adds detail"), Group::Start},
    {"explained/01-forward-diffusion", tr_later("Forward Diffusion"),
        tr_later("A picture turns into noise, step by step"), Group::Explain},
    {"explained/02-reverse-diffusion", tr_later("Reverse Denoising"),
        tr_later("Noise turns into a picture, step by step"), Group::Explain},
    {"explained/03-the-u-net", tr_later("The U-Net"), tr_later("What goes in, what comes out, where it looks"),
        Group::Explain},
    {"explained/04-latent-space", tr_later("Latent Space"), tr_later("Diffusion on a twelfth of the numbers"),
        Group::Explain},
    {"explained/05-context-by-cross-attention", tr_later("Context by Text"),
        tr_later("The same noise after four texts"), Group::Explain},
    {"explained/05-context-by-a-label", tr_later("Context by a Label"), tr_later("The same noise after six classes"),
        Group::Explain},
    {"explained/06-context-by-concatenation", tr_later("Context by Image and Map"),
        tr_later("A masked image, or a map of classes"), Group::Explain},
    {"explained/07-512-pixels", tr_later("512 \u00d7 512 Pixels"), tr_later("Text to image with Stable Diffusion 1.5"),
        Group::Larger},
    {"explained/07-512-pixels-inpainting", tr_later("512 \u00d7 512 Inpainting"),
        tr_later("With the inpainting model of Stable Diffusion 1.5"), Group::Larger},
    {"explained/05-context-by-a-label-of-imagenet", tr_later("A Label of ImageNet"),
        tr_later("With the class-conditional model of latent diffusion"), Group::Larger},
};

}  // namespace

std::vector<Template> templates_in(const fs::path& folder) {
  std::vector<Template> found;
  std::error_code none;
  for (const Entry& entry : kEntries) {
    const fs::path file = folder / (std::string(entry.name) + ".json");
    const fs::path picture = folder / (std::string(entry.name) + ".webp");
    if (folder.empty() || !fs::exists(file, none)) continue;
    found.push_back({.file = file,
        .picture = fs::exists(picture, none) ? picture : fs::path(),
        .title = entry.title,
        .about = entry.about,
        .group = entry.group});
  }
  return found;
}

}  // namespace weft::editor
