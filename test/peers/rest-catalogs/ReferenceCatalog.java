import java.util.HashMap;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Iceberg's reference REST catalog over a SQLite database: ReferenceCatalog PORT DATABASE WAREHOUSE. */
public class ReferenceCatalog {
  public static void main(String[] arguments) throws Exception {
    var properties = new HashMap<String, String>();
    properties.put("catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog");
    properties.put("jdbc.schema-version", "V1");
    properties.put("jdbc.strict-mode", "true");
    properties.put("uri", "jdbc:sqlite:" + arguments[1]);
    properties.put("warehouse", arguments[2]);
    properties.put("io-impl", "org.apache.iceberg.hadoop.HadoopFileIO");
    var catalog = CatalogUtil.buildIcebergCatalog("reference", properties, null);

    var handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTCatalogAdapter(catalog))), "/*");
    // Levels of a namespace are joined by %1F, which Jetty refuses otherwise.
    handler.getServletHandler().setDecodeAmbiguousURIs(true);
    var http = new HttpConfiguration();
    http.setUriCompliance(UriCompliance.UNSAFE);
    var server = new Server();
    var connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[0]));
    server.addConnector(connector);
    server.setHandler(handler);
    server.start();
    server.join();
  }
}
