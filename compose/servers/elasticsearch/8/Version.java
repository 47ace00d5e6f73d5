import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;

/** How Elasticsearch 8 makes a node. */
class Version {
  static Node node(Environment environment) {
    return new Node(environment);
  }
}
