import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Uploads with Java's HttpClient: KIND FRAMING COUNT FILE URL…
 * Prints a line for each upload: the number of the URL, the status, and the length of the answer's body, or the
 * exception.
 */
final class JavaClient {
  public static void main(String[] arguments) throws IOException {
    var isChunked = arguments[1].equals("chunked");
    var count = Integer.parseInt(arguments[2]);
    var body = Files.readAllBytes(Path.of(arguments[3]));
    var client = HttpClient.newHttpClient();
    for (var i = 4; i < arguments.length; i++) {
      var request = HttpRequest.newBuilder(URI.create(arguments[i]))
          .header("Content-Type", "application/zip").timeout(Duration.ofSeconds(30))
          .POST(isChunked ? BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))
              : BodyPublishers.ofByteArray(body)).build();
      for (var n = 0; n < count; n++) {
        try {
          var answer = client.send(request, BodyHandlers.ofByteArray());
          System.out.println((i - 4) + " " + answer.statusCode() + " " + answer.body().length);
        } catch (Exception error) {
          System.out.println((i - 4) + " - 0 " + error);
        }
      }
    }
    System.exit(0);
  }
}
