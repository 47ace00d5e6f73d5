"""The tiny TorchScript model of shared/sink/tests/data/mlcommons/tiny: an embedding table of 64 rows by 8, mean, length 1. Weights by a formula."""
import sys, json, zipfile, pathlib, hashlib
from typing import Dict
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, normalizers
out=pathlib.Path(sys.argv[1]); out.mkdir(parents=True,exist_ok=True)
words="[PAD] [UNK] [CLS] [SEP] the a is are in on water pump valve filter open close before after pressure engine search index text vector query passage : . , ? when may i how hot cold new old line drain seal bolt cover log date name year day week month red blue green list page part unit test plan step rule mark note".split()
assert len(set(words))==len(words), len(words)
words=words[:64]
class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        rows=torch.arange(64,dtype=torch.float64)[:,None]; cols=torch.arange(8,dtype=torch.float64)[None,:]
        self.register_buffer("table",torch.sin(rows*1.7+cols*2.3+rows*cols*0.37).float())
    def forward(self,features: Dict[str,torch.Tensor]) -> Dict[str,torch.Tensor]:
        ids,mask=features["input_ids"],features["attention_mask"]
        rows=torch.nn.functional.embedding(ids,self.table); m=mask.to(rows.dtype)[:,:,None]
        return {"sentence_embedding": torch.nn.functional.normalize((rows*m).sum(1),p=2.0,dim=1)}
script=torch.jit.script(Tiny().eval())
script.save(str(out/"m.pt"))
t=Tokenizer(models.WordLevel({w:i for i,w in enumerate(words)},unk_token="[UNK]")); t.normalizer=normalizers.Lowercase(); t.pre_tokenizer=pre_tokenizers.BertPreTokenizer()
t.post_processor=processors.TemplateProcessing(single="[CLS] $A [SEP]",special_tokens=[("[CLS]",2),("[SEP]",3)])
j=json.loads(t.to_str()); j["truncation"]={"direction":"Right","max_length":64,"strategy":"LongestFirst","stride":0}
with zipfile.ZipFile(out/"tiny.zip","w",zipfile.ZIP_DEFLATED) as z:
    for n,c in (("model.pt",(out/"m.pt").read_bytes()),("tokenizer.json",json.dumps(j))): 
        i=zipfile.ZipInfo(n,(1980,1,1,0,0,0)); i.compress_type=zipfile.ZIP_DEFLATED; z.writestr(i,c)
texts=["Water","when may i open the filter ?","the valve is close before the pump","unknownword text","水"]
def emb(prefix,s):
    ids=t.encode(prefix+s).ids
    # by hand, not by the script: an oracle of its own
    import math
    v=[sum(math.sin(r*1.7+c*2.3+r*c*0.37) for r in ids) for c in range(8)]; n=math.sqrt(sum(x*x for x in v)); return [x/n for x in v]
exp={"texts":texts,"plain":[emb("",s) for s in texts],"query":[emb("query : ",s) for s in texts],"passage":[emb("passage : ",s) for s in texts],"digest":hashlib.sha256((out/"tiny.zip").read_bytes()).hexdigest()}
(out/"tiny.json").write_text(json.dumps(exp,ensure_ascii=False,indent=1)+"\n")
with torch.no_grad():
    for s,e in zip(texts,exp["plain"]):
        ids=torch.tensor([t.encode(s).ids]); v=script({"input_ids":ids,"attention_mask":torch.ones_like(ids)})["sentence_embedding"][0].double(); print(s,float((v-torch.tensor(e,dtype=torch.float64)).abs().max()))
(out/"m.pt").unlink(); print((out/"tiny.zip").stat().st_size)
