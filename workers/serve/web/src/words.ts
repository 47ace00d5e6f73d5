/** Every text of the page. A language that lacks one does not compile. */
const en = {
  chat: 'Chat', search: 'Search', documents: 'Documents', pipeline: 'Pipeline', skip: 'Skip to content',
  askPlaceholder: 'Ask your documents…', ask: 'Ask', stop: 'Stop', application: 'Application', sources: 'Sources',
  emptyChat: 'Answers come from your documents, and each sentence says from where.',
  nothingFound: 'Nothing relevant was found; no model was asked.', leftOut: 'passages did not fit into the context',
  invented: 'invented citations were taken out', stopped: 'Stopped.', you: 'You', writtenBy: 'written by', passages: 'passages',
  searchPlaceholder: 'Search in three ways at once…', go: 'Search', keyword: 'Keyword', vector: 'Vector', hybrid: 'Hybrid',
  keywordHint: 'by words (BM25)', vectorHint: 'by meaning', hybridHint: 'both, fused', noHits: 'Nothing found.',
  prefix: 'Prefix', language: 'Language', format: 'Format', since: 'Since', words: 'words', meaning: 'meaning', copies: 'also in',
  emptySearch: 'The same question by words, by meaning, and by both: side by side, with scores.',
  name: 'Name', state: 'State', chunks: 'Passages', size: 'Size', modified: 'Modified', live: 'searchable', empty: 'no text',
  refused: 'refused', waiting: 'waiting', removed: 'removed', upload: 'Upload files', drop: 'Drop files here to upload them',
  remove: 'Delete', removeAsk: 'Delete this object from the bucket?', cancel: 'Cancel', more: 'More', noDocuments: 'No documents here.',
  uploaded: 'uploaded; it is searchable in a moment', deleted: 'deleted', noBucket: 'This server knows no bucket.', reload: 'Reload',
  partly: 'partly read', topic: 'Topic', group: 'Consumer group', lag: 'Waiting', end: 'Records', perSecond: 'per second',
  generation: 'Generation in use', deadLetters: 'Dead letters', none: 'None.', engine: 'Engine', stage: 'Stage', cause: 'Cause',
  noKafka: 'Kafka cannot be asked', updated: 'updated every 5 s', dimension: 'dimensions', index: 'Index', model: 'Model',
  close: 'Close', open: 'Open document', page: 'page', slide: 'slide', sheet: 'sheet', member: 'file', loading: 'Loading…',
  keyTitle: 'API key', keyAsk: 'This server asks for a key. It stays in this tab.', keySave: 'Use this key', keyWrong: 'That key was not accepted.',
  theme: 'Light or dark', other: '中文', retry: 'Try again', document: 'Document', score: 'score',
};

export type Word = keyof typeof en;

const zh: Record<Word, string> = {
  chat: '问答', search: '搜索', documents: '文档', pipeline: '流水线', skip: '跳到正文',
  askPlaceholder: '向你的文档提问…', ask: '提问', stop: '停止', application: '应用', sources: '来源',
  emptyChat: '答案来自你的文档，每句话都注明出处。',
  nothingFound: '没有找到相关内容，未调用模型。', leftOut: '个片段超出上下文，未使用',
  invented: '个虚构的引用已删除', stopped: '已停止。', you: '你', writtenBy: '作者', passages: '个片段',
  searchPlaceholder: '同时用三种方式搜索…', go: '搜索', keyword: '关键词', vector: '向量', hybrid: '混合',
  keywordHint: '按词语 (BM25)', vectorHint: '按语义', hybridHint: '两者融合', noHits: '没有结果。',
  prefix: '前缀', language: '语言', format: '格式', since: '起始日期', words: '词语', meaning: '语义', copies: '另见',
  emptySearch: '同一个问题，按词语、按语义、按两者融合，并排显示得分。',
  name: '名称', state: '状态', chunks: '片段', size: '大小', modified: '修改时间', live: '可搜索', empty: '无文本',
  refused: '已拒绝', waiting: '等待中', removed: '已删除', upload: '上传文件', drop: '把文件拖到这里上传',
  remove: '删除', removeAsk: '从存储桶中删除这个对象？', cancel: '取消', more: '更多', noDocuments: '这里没有文档。',
  uploaded: '已上传，稍后即可搜索', deleted: '已删除', noBucket: '此服务未配置存储桶。', reload: '刷新',
  partly: '部分读取', topic: '主题', group: '消费组', lag: '积压', end: '记录数', perSecond: '每秒',
  generation: '当前版本', deadLetters: '死信', none: '无。', engine: '引擎', stage: '阶段', cause: '原因',
  noKafka: '无法访问 Kafka', updated: '每 5 秒更新', dimension: '维', index: '索引', model: '模型',
  close: '关闭', open: '打开文档', page: '页', slide: '幻灯片', sheet: '工作表', member: '文件', loading: '加载中…',
  keyTitle: 'API 密钥', keyAsk: '此服务需要密钥。密钥只保存在本标签页。', keySave: '使用此密钥', keyWrong: '密钥未被接受。',
  theme: '浅色或深色', other: 'English', retry: '重试', document: '文档', score: '得分',
};

export type Language = 'en' | 'zh';
export const languages: Record<Language, Record<Word, string>> = { en, zh };

/** The language of a browser, as far as there is a translation. */
export function preferred(tags: readonly string[]): Language {
  return tags.find((tag) => /^(zh|en)\b/i.test(tag))?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
