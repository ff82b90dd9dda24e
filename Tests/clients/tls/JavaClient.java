import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.time.Duration;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Calls a URL three times with Java's HttpClient: URL TRUST [CLIENT], where TRUST and the client certificate CLIENT are
 * PKCS #12 files with the password "changeit". Prints each status or exception.
 */
final class JavaClient {
  private static final char[] PASSWORD = "changeit".toCharArray();

  public static void main(String[] arguments) throws Exception {
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store(arguments[1]));
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    if (arguments.length > 2) {
      keys.init(store(arguments[2]), PASSWORD);
    } else {
      keys.init(null, null);
    }
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    var client = HttpClient.newBuilder().sslContext(context).build();
    var request = HttpRequest.newBuilder(URI.create(arguments[0])).timeout(Duration.ofSeconds(20)).build();
    for (var n = 0; n < 3; n++) {
      try {
        System.out.println(client.send(request, BodyHandlers.ofString()).statusCode());
      } catch (Exception error) {
        System.out.println("- " + error);
      }
    }
    System.exit(0);
  }

  private static KeyStore store(String path) throws Exception {
    var store = KeyStore.getInstance("PKCS12");
    try (var file = new FileInputStream(path)) {
      store.load(file, PASSWORD);
    }
    return store;
  }
}
