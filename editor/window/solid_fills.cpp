#define GL_GLEXT_PROTOTYPES
#include "editor/window/solid_fills.h"

#include <GL/gl.h>
#include <GL/glext.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

namespace weft::editor {

namespace {

constexpr const char* kVertexShader =
    "#version 330 core\n"
    "in vec2 Position; in vec4 Color; uniform mat4 ProjMtx; out vec4 colour;\n"
    "void main() { colour = Color; gl_Position = ProjMtx * vec4(Position, 0, 1); }\n";
constexpr const char* kFragmentShader =
    "#version 330 core\n"
    "in vec4 colour; layout (location = 0) out vec4 shown;\n"
    "void main() { shown = colour; }\n";

void attach(unsigned program, GLenum kind, const char* text) {
  const unsigned shader = glCreateShader(kind);
  glShaderSource(shader, 1, &text, nullptr);
  glCompileShader(shader);
  glAttachShader(program, shader);
  glDeleteShader(shader);  // with the program
}

enum class Kind : std::uint8_t { Textured, Blended, Opaque };

/// Triangles of one kind that follow each other.
struct Run {
  Kind kind;
  unsigned first = 0, count = 0;  ///< in indices
  double area = 0;
};

/// The runs of one command. Changing shaders costs about as much as a few thousand pixels; runs that are smaller stay
/// with their neighbours.
class Runs {
 public:
  Runs(const ImDrawList& list, const ImDrawCmd& command)
      : vertices_(list.VtxBuffer.Data + command.VtxOffset),
        indices_(list.IdxBuffer.Data + command.IdxOffset),
        white_(ImGui::GetFontTexUvWhitePixel()) {
    const double most = static_cast<double>(command.ClipRect.z - command.ClipRect.x) *
        static_cast<double>(command.ClipRect.w - command.ClipRect.y);
    for (unsigned i = 0; i + 2 < command.ElemCount; i += 3) add(i, most);
    join();
  }

  const std::vector<Run>& all() const { return runs_; }

 private:
  const ImDrawVert& vertex(unsigned i) const { return vertices_[indices_[i]]; }

  void add(unsigned i, double most) {
    const ImDrawVert &a = vertex(i), &b = vertex(i + 1), &c = vertex(i + 2);
    Kind kind = Kind::Textured;
    if (a.uv.x == white_.x && a.uv.y == white_.y)
      kind = (a.col & b.col & c.col) >= IM_COL32_A_MASK ? Kind::Opaque : Kind::Blended;
    if (runs_.empty() || runs_.back().kind != kind) runs_.push_back({kind, i});
    Run& run = runs_.back();
    run.count += 3;
    if (kind == Kind::Textured) return;
    const double twice = std::abs(
        static_cast<double>((b.pos.x - a.pos.x) * (c.pos.y - a.pos.y) - (c.pos.x - a.pos.x) * (b.pos.y - a.pos.y)));
    run.area += std::min(twice / 2, most);
  }

  static bool is_large(const Run& run) {
    constexpr unsigned kMany = 64 * 3;
    constexpr double kLarge = 8000;
    return run.count >= kMany || run.area >= kLarge;
  }

  /// Small opaque runs go with blended ones, and what is small then with the textured ones: either draws them right.
  void join() {
    for (Run& run : runs_)
      if (run.kind == Kind::Opaque && !is_large(run)) run.kind = Kind::Blended;
    join_equal();
    for (Run& run : runs_)
      if (!is_large(run)) run.kind = Kind::Textured;
    join_equal();
  }

  void join_equal() {
    std::vector<Run> joined;
    for (const Run& run : runs_)
      if (joined.empty() || joined.back().kind != run.kind)
        joined.push_back(run);
      else
        joined.back().count += run.count, joined.back().area += run.area;
    runs_ = std::move(joined);
  }

  const ImDrawVert* vertices_;
  const ImDrawIdx* indices_;
  const ImVec2 white_;
  std::vector<Run> runs_;
};

}  // namespace

SolidFills::~SolidFills() {
  if (program_) glDeleteProgram(program_);
}

bool SolidFills::useful() {
  const auto* text = reinterpret_cast<const char*>(glGetString(GL_RENDERER));
  const std::string_view renderer = text ? text : "";
  static constexpr std::string_view kSoftware[] = {"llvmpipe", "softpipe", "SWR", "SwiftShader"};
  return std::ranges::any_of(kSoftware, [&](std::string_view each) { return renderer.find(each) != renderer.npos; });
}

void SolidFills::split(ImDrawData& data) {
  ImVector<ImDrawCmd> commands;
  for (ImDrawList* list : data.CmdLists) {
    commands.resize(0);
    const auto call = [&](const ImDrawCmd& before, ImDrawCallback callback) {
      ImDrawCmd command = before;
      command.ElemCount = 0;
      command.UserCallback = callback;
      command.UserCallbackData = this;
      commands.push_back(command);
    };
    for (const ImDrawCmd& command : list->CmdBuffer) {
      if (command.UserCallback || command.ElemCount == 0) {
        commands.push_back(command);
        continue;
      }
      const Runs runs(*list, command);
      for (const Run& run : runs.all()) {
        if (run.kind != Kind::Textured) call(command, run.kind == Kind::Opaque ? begin_opaque : begin_blended);
        ImDrawCmd part = command;
        part.IdxOffset += run.first;
        part.ElemCount = run.count;
        commands.push_back(part);
        if (run.kind != Kind::Textured) call(command, ImGui::GetPlatformIO().DrawCallback_ResetRenderState);
      }
    }
    list->CmdBuffer.swap(commands);
  }
}

void SolidFills::begin_blended(const ImDrawList*, const ImDrawCmd* command) {
  static_cast<SolidFills*>(command->UserCallbackData)->begin(true);
}

void SolidFills::begin_opaque(const ImDrawList*, const ImDrawCmd* command) {
  static_cast<SolidFills*>(command->UserCallbackData)->begin(false);
}

/// The vertices stay bound as the renderer has bound them, so the attributes have the same places.
void SolidFills::begin(bool blended) {
  int theirs = 0;
  glGetIntegerv(GL_CURRENT_PROGRAM, &theirs);
  const auto renderer = static_cast<unsigned>(theirs);
  if (!program_) {
    program_ = glCreateProgram();
    static constexpr const char* kAttributes[] = {"Position", "Color"};
    for (const char* name : kAttributes)
      glBindAttribLocation(program_, static_cast<unsigned>(glGetAttribLocation(renderer, name)), name);
    attach(program_, GL_VERTEX_SHADER, kVertexShader);
    attach(program_, GL_FRAGMENT_SHADER, kFragmentShader);
    glLinkProgram(program_);
    projection_ = glGetUniformLocation(program_, "ProjMtx");
  }
  std::array<float, 16> projection{};
  glGetUniformfv(renderer, glGetUniformLocation(renderer, "ProjMtx"), projection.data());
  glUseProgram(program_);
  glUniformMatrix4fv(projection_, 1, GL_FALSE, projection.data());
  if (!blended) glDisable(GL_BLEND);
}

}  // namespace weft::editor
