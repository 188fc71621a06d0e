// Tables of names that several families share: U-Net and VAE as CompVis' repositories have them ("latent diffusion",
// the layout of single files), CLIP's text encoder, and what older versions of diffusers wrote.
#pragma once

#include "nodes/sd/families/rename.h"

namespace weft::sd {

inline constexpr Rule kUNetPlaces[] = {
    {"time_embed.0.*", "time_embedding.linear_1.*"},
    {"time_embed.2.*", "time_embedding.linear_2.*"},
    {"label_emb.0.0.*", "add_embedding.linear_1.*"},
    {"label_emb.0.2.*", "add_embedding.linear_2.*"},
    {"input_blocks.0.0.*", "conv_in.*"},
    {"input_blocks.#.0.op.*", "down_blocks.{level}.downsamplers.0.conv.*"},
    {"input_blocks.#.0.*", "down_blocks.{level}.resnets.{layer}.*"},
    {"input_blocks.#.1.*", "down_blocks.{level}.attentions.{layer}.*"},
    {"middle_block.0.*", "mid_block.resnets.0.*"},
    {"middle_block.1.*", "mid_block.attentions.0.*"},
    {"middle_block.2.*", "mid_block.resnets.1.*"},
    {"output_blocks.#.0.*", "up_blocks.{level}.resnets.{layer}.*"},
    {"output_blocks.#.1.conv.*", "up_blocks.{level}.upsamplers.0.conv.*"},
    {"output_blocks.#.2.conv.*", "up_blocks.{level}.upsamplers.0.conv.*"},
    {"output_blocks.#.1.*", "up_blocks.{level}.attentions.{layer}.*"},
    {"out.0.*", "conv_norm_out.*"},
    {"out.2.*", "conv_out.*"},
};

// Of a ControlNet; the rest is a U-Net's half.
inline constexpr Rule kControlPlaces[] = {
    {"input_hint_block.0.*", "controlnet_cond_embedding.conv_in.*"},
    {"input_hint_block.2.*", "controlnet_cond_embedding.blocks.0.*"},
    {"input_hint_block.4.*", "controlnet_cond_embedding.blocks.1.*"},
    {"input_hint_block.6.*", "controlnet_cond_embedding.blocks.2.*"},
    {"input_hint_block.8.*", "controlnet_cond_embedding.blocks.3.*"},
    {"input_hint_block.10.*", "controlnet_cond_embedding.blocks.4.*"},
    {"input_hint_block.12.*", "controlnet_cond_embedding.blocks.5.*"},
    {"input_hint_block.14.*", "controlnet_cond_embedding.conv_out.*"},
    {"zero_convs.#.0.*", "controlnet_down_blocks.{0}.*"},
    {"middle_block_out.0.*", "controlnet_mid_block.*"},
};

// Inside a residual block.
inline constexpr Rule kUNetLeaves[] = {
    {"in_layers.0.*", "norm1.*"},
    {"in_layers.2.*", "conv1.*"},
    {"emb_layers.1.*", "time_emb_proj.*"},
    {"out_layers.0.*", "norm2.*"},
    {"out_layers.3.*", "conv2.*"},
    {"skip_connection.*", "conv_shortcut.*"},
};

inline constexpr Rule kVAEPlaces[] = {
    {"encoder.down.#.block.#.*", "encoder.down_blocks.{0}.resnets.{1}.*"},
    {"encoder.down.#.downsample.conv.*", "encoder.down_blocks.{0}.downsamplers.0.conv.*"},
    {"decoder.up.#.block.#.*", "decoder.up_blocks.{flip}.resnets.{1}.*"},
    {"decoder.up.#.upsample.conv.*", "decoder.up_blocks.{flip}.upsamplers.0.conv.*"},
    {"@.mid.block_1.*", "@.mid_block.resnets.0.*"},
    {"@.mid.block_2.*", "@.mid_block.resnets.1.*"},
    {"@.mid.attn_1.*", "@.mid_block.attentions.0.*"},
    {"encoder.down.#.attn.#.*", "encoder.down_blocks.{0}.attentions.{1}.*"},
    {"decoder.up.#.attn.#.*", "decoder.up_blocks.{flip}.attentions.{1}.*"},
    {"quantize.*", "quantize.*"},
    {"@.norm_out.*", "@.conv_norm_out.*"},
    {"@.conv_in.*", "@.conv_in.*"},
    {"@.conv_out.*", "@.conv_out.*"},
    {"quant_conv.*", "quant_conv.*"},
    {"post_quant_conv.*", "post_quant_conv.*"},
};

// Inside a residual block, and inside attention.
inline constexpr Rule kVAELeaves[] = {
    {"nin_shortcut.*", "conv_shortcut.*"},
    {"norm.*", "group_norm.*"},
    {"q.*", "to_q.*"},
    {"k.*", "to_k.*"},
    {"v.*", "to_v.*"},
    {"proj_out.*", "to_out.0.*"},
};

// Of transformers' CLIPTextModel, whose versions differ in whether they say "text_model".
inline constexpr Rule kClipTextPlaces[] = {{"text_model.*", "text_model.*"}, {"*", "text_model.*"}};

// Of open_clip's CLIP. Its queries, keys and values are joined, and its projection is transposed (tensor_names.h).
inline constexpr Rule kOpenClipPlaces[] = {
    {"token_embedding.*", "text_model.embeddings.token_embedding.*"},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"transformer.resblocks.#.ln_1.*", "text_model.encoder.layers.{0}.layer_norm1.*"},
    {"transformer.resblocks.#.ln_2.*", "text_model.encoder.layers.{0}.layer_norm2.*"},
    {"transformer.resblocks.#.attn.in_proj_weight", "text_model.encoder.layers.{0}.self_attn.in_proj.weight"},
    {"transformer.resblocks.#.attn.in_proj_bias", "text_model.encoder.layers.{0}.self_attn.in_proj.bias"},
    {"transformer.resblocks.#.attn.out_proj.*", "text_model.encoder.layers.{0}.self_attn.out_proj.*"},
    {"transformer.resblocks.#.mlp.c_fc.*", "text_model.encoder.layers.{0}.mlp.fc1.*"},
    {"transformer.resblocks.#.mlp.c_proj.*", "text_model.encoder.layers.{0}.mlp.fc2.*"},
    {"ln_final.*", "text_model.final_layer_norm.*"},
    {"text_projection", "text_projection.transposed"},
    {"text_projection.weight", "text_projection.weight"},
};

// Of CLIP's and open_clip's encoder of pictures. As of texts, queries, keys and values are joined, and the projection is
// transposed.
inline constexpr Rule kVisionPlaces[] = {
    {"class_embedding", "vision_model.embeddings.class_embedding"},
    {"conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
    {"positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"ln_pre.*", "vision_model.pre_layrnorm.*"},
    {"ln_post.*", "vision_model.post_layernorm.*"},
    {"transformer.resblocks.#.ln_1.*", "vision_model.encoder.layers.{0}.layer_norm1.*"},
    {"transformer.resblocks.#.ln_2.*", "vision_model.encoder.layers.{0}.layer_norm2.*"},
    {"transformer.resblocks.#.attn.in_proj_weight", "vision_model.encoder.layers.{0}.self_attn.in_proj.weight"},
    {"transformer.resblocks.#.attn.in_proj_bias", "vision_model.encoder.layers.{0}.self_attn.in_proj.bias"},
    {"transformer.resblocks.#.attn.out_proj.*", "vision_model.encoder.layers.{0}.self_attn.out_proj.*"},
    {"transformer.resblocks.#.mlp.c_fc.*", "vision_model.encoder.layers.{0}.mlp.fc1.*"},
    {"transformer.resblocks.#.mlp.c_proj.*", "vision_model.encoder.layers.{0}.mlp.fc2.*"},
    {"proj", "visual_projection.transposed"},
};

// Of an unCLIP model's U-Net in diffusers: what is added to the time's embedding.
inline constexpr Rule kUNetClassEmbedding[] = {{"class_embedding.linear_1.*", "add_embedding.linear_1.*"},
    {"class_embedding.linear_2.*", "add_embedding.linear_2.*"}, {"*", "*"}};

// Of transformers' CLIPTextModelWithProjection, whose versions differ in whether they say "text_model".
inline constexpr Rule kClipProjectedPlaces[] = {
    {"text_projection.*", "text_projection.*"}, {"text_model.*", "text_model.*"}, {"*", "text_model.*"}};

// diffusers before 0.15 (2023).
inline constexpr Rule kOldVAEAttention[] = {
    {"@.mid_block.attentions.0.query.*", "@.mid_block.attentions.0.to_q.*"},
    {"@.mid_block.attentions.0.key.*", "@.mid_block.attentions.0.to_k.*"},
    {"@.mid_block.attentions.0.value.*", "@.mid_block.attentions.0.to_v.*"},
    {"@.mid_block.attentions.0.proj_attn.*", "@.mid_block.attentions.0.to_out.0.*"},
};

inline constexpr PartNames kUNetNames{Part::UNet, "model.diffusion_model.", kUNetPlaces, kUNetLeaves};
inline constexpr PartNames kControlNames{Part::ControlNet, "control_model.", kControlPlaces};
inline constexpr PartNames kControlHalfNames{Part::ControlNet, "control_model.", kUNetPlaces, kUNetLeaves};
inline constexpr PartNames kVisionNames{Part::VisionEncoder, "embedder.model.visual.", kVisionPlaces};
inline constexpr PartNames kVAENames{Part::VAE, "first_stage_model.", kVAEPlaces, kVAELeaves};
inline constexpr PartNames kClipTextNames{Part::TextEncoder, "cond_stage_model.transformer.", kClipTextPlaces};

/// What is renamed in a diffusers folder.
inline constexpr PartNames kDiffusersNames[] = {{Part::VAE, "", kOldVAEAttention},
    {Part::UNet, "", kUNetClassEmbedding}, {Part::TextEncoder, "", kClipTextPlaces},
    {Part::TextEncoder2, "", kClipProjectedPlaces}};

}  // namespace weft::sd
