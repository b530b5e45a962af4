// SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Peers for the programs tested by monitoring.sh. Runs until it is stopped:
 *
 * <pre>
 * java MonitoringPeers.java DIRECTORY APPLICATION-PORT
 * </pre>
 *
 * <ul>
 *   <li>a receiver of alerts: appends the body of POST /NAME to DIRECTORY/NAME
 *   <li>a mail server that appends to DIRECTORY/mail
 *   <li>node_exporter's metrics of backups: serves DIRECTORY/pg_hello.prom
 *   <li>a load: 80 calls and a bulk call each second
 * </ul>
 *
 * <p>Prints "WEB-PORT MAIL-PORT".
 */
public final class MonitoringPeers {
  private final Path folder;
  private final URI application;
  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicLong calls = new AtomicLong();

  private MonitoringPeers(Path folder, int application) {
    this.folder = folder;
    this.application = URI.create("http://127.0.0.1:" + application);
  }

  /**
   * Runs until it is stopped.
   *
   * @param args see the class
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    var peers = new MonitoringPeers(Path.of(args[0]), Integer.parseInt(args[1]));
    HttpServer web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    web.createContext("/", peers::answer);
    web.start();
    var mail = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread mails = new Thread(() -> peers.receiveMails(mail));
    mails.setDaemon(true);
    mails.start();
    peers.startLoad();
    System.out.println(web.getAddress().getPort() + " " + mail.getLocalPort());
    new CountDownLatch(1).await();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] body = exchange.getRequestBody().readAllBytes();
      String answer = "";
      if (path.equals("/metrics")) {
        answer = Files.readString(folder.resolve("pg_hello.prom"));
      } else {
        append(path.substring(1), body);
      }
      exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
      byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
      if (bytes.length > 0) {
        exchange.getResponseBody().write(bytes);
      }
    }
  }

  private synchronized void append(String name, byte[] line) throws IOException {
    String text = new String(line, StandardCharsets.UTF_8).strip() + "\n";
    Files.writeString(
        folder.resolve(name), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private void receiveMails(ServerSocket listener) {
    while (true) {
      try (Socket socket = listener.accept()) {
        receiveMail(socket);
      } catch (IOException e) {
        // Only this sender is affected. Serve the next one.
        System.err.println("mail: " + e.getMessage());
      }
    }
  }

  // Implements RFC 5321 for senders that use no extensions.
  private void receiveMail(Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    send(socket, "220 ready\r\n");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("DATA")) {
        send(socket, "354 go on\r\n");
        var mail = new StringBuilder();
        for (String text = in.readLine(); text != null && !text.equals("."); text = in.readLine()) {
          mail.append(text).append('\n');
        }
        append("mail", mail.toString().getBytes(StandardCharsets.UTF_8));
        send(socket, "250 taken\r\n");
      } else if (line.equals("QUIT")) {
        send(socket, "221 bye\r\n");
        return;
      } else {
        if (line.startsWith("RCPT")) {
          append("mail", line.getBytes(StandardCharsets.UTF_8));
        }
        send(socket, "250 yes\r\n");
      }
    }
  }

  private static void send(Socket socket, String line) throws IOException {
    socket.getOutputStream().write(line.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private void startLoad() {
    var pace =
        Executors.newScheduledThreadPool(
            5,
            task -> {
              Thread thread = new Thread(task);
              thread.setDaemon(true);
              return thread;
            });
    for (int caller = 0; caller < 4; caller++) {
      pace.scheduleAtFixedRate(this::greet, 0, 50, TimeUnit.MILLISECONDS);
    }
    pace.scheduleAtFixedRate(this::greetMany, 0, 1, TimeUnit.SECONDS);
  }

  private void greet() {
    call(HttpRequest.newBuilder(application.resolve("/api/greeting/n" + calls.incrementAndGet())));
  }

  private void greetMany() {
    call(
        HttpRequest.newBuilder(application.resolve("/api/bulk-greetings"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("[\"Ada\", \"Bob\"]")));
  }

  // Ignores the response, because the test is about the reports.
  private void call(HttpRequest.Builder request) {
    try {
      client.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.discarding());
    } catch (IOException e) {
      // The application is stopped temporarily.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
