"""The model as a module of PyTorch, and the vectors of texts."""

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from faults import UnusableInput

# Tokens of a batch, padding counted: what a processor's caches and a small GPU bear.
BATCH_TOKENS = {"cpu": 8_192, "cuda": 131_072}


def build(config, tensors, attention="sdpa"):
    """A BertModel without the layer on top that no sentence encoder uses."""
    model = BertModel(BertConfig(**config, attn_implementation=attention), add_pooling_layer=False)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise UnusableInput(f"the base's weights and its configuration do not fit each other: {error}") from None
    return model.eval()


class SentenceVectors(torch.nn.Module):
    """Tokens in, vectors of length 1 out: the mean of the tokens' vectors, cut to `dimension` numbers."""

    def __init__(self, bert, dimension):
        super().__init__()
        self.bert, self.dimension = bert, dimension

    def forward(self, input_ids, attention_mask, token_type_ids):
        found = self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        # The sum does for the mean, as in export.py: the factor goes away with the length.
        summed = (found[0] * mask).sum(1)[:, : self.dimension]
        return torch.nn.functional.normalize(summed, p=2.0, dim=1)


class Texts:
    """Texts as tokens, made once for all models that are compared."""

    def __init__(self, tokenizer, texts, prefix, most_tokens):
        tokenizer = Tokenizer.from_str(tokenizer.to_str())
        tokenizer.enable_truncation(most_tokens)
        tokenizer.no_padding()
        encodings = tokenizer.encode_batch([prefix + text for text in texts])
        self.ids = [encoding.ids for encoding in encodings]
        self.types = [encoding.type_ids for encoding in encodings]

    def __len__(self):
        return len(self.ids)

    def batches(self, budget):
        """Indexes of texts of like length, together at most `budget` tokens with their padding."""
        order = sorted(range(len(self)), key=lambda at: -len(self.ids[at]))
        start = 0
        while start < len(order):
            count = max(1, budget // max(1, len(self.ids[order[start]])))
            yield order[start : start + count]
            start += count

    def padded(self, indexes):
        longest = max(len(self.ids[at]) for at in indexes)
        shape = (len(indexes), longest)
        ids, mask, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, at in enumerate(indexes):
            length = len(self.ids[at])
            ids[row, :length], types[row, :length], mask[row, :length] = self.ids[at], self.types[at], 1
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


@torch.no_grad()
def embed(vectors, texts, device="cpu"):
    """The vectors of the texts [count, dimension], float32."""
    vectors = vectors.to(device).eval()
    found = np.zeros((len(texts), vectors.dimension), np.float32)
    for indexes in texts.batches(BATCH_TOKENS[torch.device(device).type]):
        tokens = {name: torch.from_numpy(value).to(device) for name, value in texts.padded(indexes).items()}
        found[indexes] = vectors(**tokens).float().cpu().numpy()
    return found
