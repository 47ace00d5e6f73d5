import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;

/**
 * Starts Elasticsearch from its plain jars, which is all of it that Maven Central has: without the launcher of the real
 * distribution, and so without entitlements, x-pack, painless and the languages' analyzers.
 *
 * <p>Arguments: HOME (the jars, modules and configuration), DIR (data and logs), CLUSTER_NAME, then setting=value ….
 */
public class EmbeddedElasticsearch {
  private static final String NODE_NAME = "elasticsearch";

  public static void main(String[] arguments) throws Exception {
    // Elasticsearch 8 makes loggers as soon as its classes are touched, and refuses to make them before this.
    LogConfigurator.configureESLogging();
    Path home = Path.of(arguments[0]).toAbsolutePath();
    Path dir = Path.of(arguments[1]).toAbsolutePath();
    String cluster = arguments[2];
    Settings.Builder settings =
        Settings.builder()
            .put("path.home", home)
            .put("path.data", dir.resolve("data"))
            .put("path.logs", dir.resolve("tmp"))
            .put("cluster.name", cluster)
            .put("node.name", NODE_NAME);
    for (int i = 3; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(
            settings.build(), Map.of(), home.resolve("config"), () -> NODE_NAME);
    configureLogging(environment, dir, cluster);
    run(Version.node(environment));
  }

  /** The real launcher hands these to log4j as system properties; the configuration insists on them. */
  private static void configureLogging(Environment environment, Path dir, String cluster) throws Exception {
    System.setProperty("es.logs.base_path", dir.resolve("tmp").toString());
    System.setProperty("es.logs.cluster.name", cluster);
    System.setProperty("es.logs.node_name", NODE_NAME);
    LogConfigurator.configure(environment, true);
  }

  /** Runs the node until SIGTERM, and closes it then. */
  private static void run(Node node) throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    node.close();
                    node.awaitClose(10, TimeUnit.SECONDS);
                  } catch (Exception e) {
                    e.printStackTrace();
                  }
                  closed.countDown();
                }));
    node.start();
    closed.await();
  }
}
