// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pghello.examples.users.Backend.Request;
import io.pghello.examples.users.Http.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the gateway's routing and retries. */
@Timeout(120)
class GatewayIT {
  private static final Backend.Behaviour OK = Backend.answering(200, "{}");

  private final Backend one = new Backend(OK);
  private final Backend two = new Backend(OK);
  private final Backend users = new Backend(OK);
  private @Nullable Gateway gateway;
  private Http http = new Http(0);

  @BeforeEach
  void start(@TempDir Path folder) throws IOException {
    Assumptions.assumeTrue(Gateway.nginx().isPresent(), "there is no nginx");
    var started =
        new Gateway(folder, List.of(one.address(), two.address()), List.of(users.address()));
    gateway = started;
    http = started.http();
  }

  @AfterEach
  void stop() {
    if (gateway != null) {
      gateway.close();
    }
    Stream.of(one, two, users).forEach(Backend::close);
  }

  private int requests() {
    return Stream.of(one, two, users).mapToInt(each -> each.requests().size()).sum();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/users", "/users?limit=1", "/users/1", "/users/1/greeting"})
  void sendsUsersToTheUserService(String path) throws Exception {
    assertThat(http.get(path).status()).isEqualTo(200);
    assertThat(users.requests()).extracting(Request::path).containsExactly(path);
    assertThat(requests()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/usersx",
        "/api/info",
        "/graphql",
        "/health",
        "/greeting/a%2Fb%20c%3F?repeat=2",
        "/greeting/users"
      })
  void sendsAllElseToTheGreetingServiceAsItIs(String path) throws Exception {
    assertThat(http.get(path).status()).isEqualTo(200);
    assertThat(Stream.of(one, two).flatMap(each -> each.requests().stream()))
        .extracting(Request::path)
        .containsExactly(path);
    assertThat(users.requests()).isEmpty();
  }

  @Test
  void balancesRequestsBetweenInstances() throws Exception {
    for (int i = 0; i < 20; i++) {
      assertThat(http.get("/api/info").status()).isEqualTo(200);
    }
    // each nginx process has its own round-robin state
    assertThat(one.requests()).isNotEmpty();
    assertThat(two.requests()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/actuator", "/actuator/health", "/actuator;x/health", "/%61ctuator/health"})
  void doesNotForwardOperationalEndpoints(String path) throws Exception {
    Answer answer = http.get(path);
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.text("code")).isEqualTo("NOT_FOUND");
    assertThat(requests()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/api/greeting/Ada", "/users"})
  void overwritesForwardingHeadersOfTheClient(String path) throws Exception {
    http.get(
        path,
        "X-Forwarded-For",
        "10.9.8.7",
        "X-Forwarded-Proto",
        "https",
        "X-Forwarded-Host",
        "evil.example",
        "X-Forwarded-Port",
        "99",
        "X-Forwarded-Prefix",
        "/evil",
        "X-Real-IP",
        "10.9.8.7",
        "Forwarded",
        "for=10.9.8.7",
        "X-Forwarded-Ssl",
        "on",
        "X-Original-URL",
        "/actuator",
        "X-Rewrite-URL",
        "/actuator",
        "True-Client-IP",
        "10.9.8.7",
        "X-Client-IP",
        "10.9.8.7",
        "Authorization",
        "Bearer token");
    Request request =
        Stream.of(one, two, users).flatMap(each -> each.requests().stream()).findFirst().get();
    assertThat(request.headers().get("X-Forwarded-For")).containsExactly("127.0.0.1");
    assertThat(request.headers().get("X-Forwarded-Proto")).containsExactly("http");
    assertThat(request.headers())
        .doesNotContainKeys(
            "X-forwarded-host",
            "X-forwarded-port",
            "X-forwarded-prefix",
            "X-forwarded-ssl",
            "X-original-url",
            "X-rewrite-url",
            "True-client-ip",
            "X-client-ip",
            "X-real-ip",
            "Forwarded");
    assertThat(request.headers().get("Authorization")).containsExactly("Bearer token");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /api/greeting/Ada",
    "GET, /greeting/Ada",
    "POST, /api/bulk-greetings",
    "POST, /greetings/batch"
  })
  void usesTheOtherInstanceIfOneDiesDuringAnAnswer(String method, String path) throws Exception {
    one.behave(Backend.dying());
    for (int i = 0; i < 10; i++) {
      Answer answer = http.send(method, path, BodyPublishers.ofString("{\"names\":[]}"));
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    }
    assertThat(one.requests()).isNotEmpty();
    assertThat(two.requests())
        .hasSize(10)
        .allSatisfy(request -> assertThat(request.body()).isEqualTo("{\"names\":[]}"));
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /api/config/greeting",
    "POST, /graphql",
    "POST, /users",
    "GET, /users",
    "GET, /users/1/greeting"
  })
  void doesNotRetryRequestsThatMayChangeData(String method, String path, @TempDir Path folder)
      throws Exception {
    Stream.of(one, two).forEach(each -> each.behave(Backend.dying()));
    // all paths use the same two servers
    List<String> both = List.of(one.address(), two.address());
    try (var sending = new Gateway(folder, both, both)) {
      Answer answer = sending.http().send(method, path, BodyPublishers.ofString("{}"));
      assertThat(answer.status()).as("%s", answer).isEqualTo(503);
      assertThat(requests()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/api/config/greeting", "/api/bulk-greetings"})
  void retriesUnsentRequestsOnTheOtherInstance(String path) throws Exception {
    one.close();
    for (int i = 0; i < 10; i++) {
      assertThat(http.post(path, "{}").status()).isEqualTo(200);
    }
    assertThat(two.requests()).hasSize(10);
  }

  @Test
  void usesTheOtherInstanceIfOneIsUnavailable() throws Exception {
    one.behave(Backend.answering(503, "{\"code\":\"CONNECTION_UNAVAILABLE\"}"));
    for (int i = 0; i < 10; i++) {
      assertThat(http.get("/greeting/Ada").status()).isEqualTo(200);
    }
    two.behave(Backend.answering(503, "{\"code\":\"CONNECTION_UNAVAILABLE\"}"));
    assertThat(http.get("/greeting/Ada").status()).isEqualTo(503);
  }

  /**
   * Failures on one path must not affect other paths. Such failures may be caused by a cache that
   * only this path uses.
   */
  @Test
  void keepsAnInstanceThatIsUnavailableForOnePath() throws Exception {
    Backend.Behaviour halfWell =
        exchange ->
            (exchange.getRequestURI().getPath().equals("/greeting/Ada")
                    ? Backend.answering(503, "{\"code\":\"CACHE_UNAVAILABLE\"}")
                    : OK)
                .answer(exchange);
    one.behave(halfWell);
    two.behave(halfWell);
    for (int i = 0; i < 12; i++) {
      Answer answer = http.send("DELETE", "/greeting/Ada", BodyPublishers.noBody());
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.text("code")).isEqualTo("CACHE_UNAVAILABLE");
    }
    for (int i = 0; i < 40; i++) {
      assertThat(http.get("/api/info").status()).isEqualTo(200);
    }
  }

  @Test
  void waitsSecondsForAnInstanceThatHangs() throws Exception {
    one.behave(Backend.hanging());
    two.behave(Backend.hanging());
    long started = System.nanoTime();
    assertThat(http.post("/api/config/greeting", "{}").status()).isEqualTo(503);
    assertThat(Duration.ofNanos(System.nanoTime() - started))
        .isBetween(Duration.ofSeconds(7), Duration.ofSeconds(25));
    assertThat(requests()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET / HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n | 400 | BAD_REQUEST",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\nX: LONG\\r\\n\\r\\n | 400 | BAD_REQUEST",
        "GET /LONG HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n | 414 | URI_TOO_LONG",
        "TRACE / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n | 405 | METHOD_NOT_ALLOWED",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: x\\r\\n\\r\\n | 501 | NOT_IMPLEMENTED",
        "GET / HTTP/2.0\\r\\nHost: a\\r\\n\\r\\n | 505 | HTTP_VERSION_NOT_SUPPORTED"
      })
  void refusesWithAProblem(String request, int status, String code) throws Exception {
    String text = request.replace("\\r\\n", "\r\n").replace("LONG", "x".repeat(40_000));
    String answer = http.raw(text);
    assertThat(answer)
        .startsWith("HTTP/1.1 " + status)
        .contains("Content-Type: application/problem+json", "\"code\":\"" + code + "\"");
    assertThat(requests()).isZero();
  }

  @Test
  void sendsAHostWhereHttp10HasNone() throws Exception {
    assertThat(http.raw("GET /health HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200");
    assertThat(Stream.of(one, two).flatMap(each -> each.requests().stream()))
        .allSatisfy(
            request -> assertThat(request.headers().get("Host")).containsExactly("localhost"));
  }

  @Test
  void answersWithAProblemIfAllServicesAreDown() throws Exception {
    one.close();
    two.close();
    users.close();
    for (String path : List.of("/greeting/Ada", "/users")) {
      Answer answer = http.get(path);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
      assertThat(answer.header("Retry-After")).isEqualTo("5");
      assertThat(answer.text("code")).isEqualTo("SERVICE_UNAVAILABLE");
    }
  }

  @Test
  void refusesABodyThatIsTooLarge() throws Exception {
    Answer answer = http.post("/api/bulk-greetings", "x".repeat(2_000_000));
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.text("code")).isEqualTo("BODY_TOO_LARGE");
    assertThat(requests()).isZero();
  }

  @Test
  void passesABodyOfAMegabyteOn() throws Exception {
    String body = "x".repeat(1_000_000);
    assertThat(http.post("/api/bulk-greetings", body).status()).isEqualTo(200);
    assertThat(Stream.of(one, two).flatMap(each -> each.requests().stream()))
        .extracting(Request::body)
        .containsExactly(body);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/gateway/health", "/greeting/Ada", "/users", "/actuator"})
  void sendsHeadersThatProtectOnce(String path) throws Exception {
    Answer answer = http.get(path);
    assertThat(answer.response().headers().allValues("X-Content-Type-Options"))
        .containsExactly("nosniff");
    assertThat(answer.response().headers().allValues("Content-Security-Policy"))
        .containsExactly("default-src 'none'; frame-ancestors 'none'");
    assertThat(answer.response().headers().allValues("Referrer-Policy"))
        .containsExactly("no-referrer");
    assertThat(answer.response().headers().allValues("Cache-Control")).containsExactly("no-store");
  }

  @Test
  void keepsTheHeadersThatAServiceSends() throws Exception {
    Backend.Behaviour own =
        exchange -> {
          exchange.getResponseHeaders().set("Content-Security-Policy", "default-src 'self'");
          exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
          exchange.getResponseHeaders().set("Cache-Control", "no-cache");
          Backend.answering(200, "{}").answer(exchange);
        };
    one.behave(own);
    two.behave(own);
    Answer answer = http.get("/");
    assertThat(answer.response().headers().allValues("Content-Security-Policy"))
        .containsExactly("default-src 'self'");
    assertThat(answer.response().headers().allValues("X-Content-Type-Options"))
        .containsExactly("nosniff");
    assertThat(answer.response().headers().allValues("Cache-Control")).containsExactly("no-cache");
  }

  @Test
  void limitsOnlySignUps() throws Exception {
    int created = 0;
    @Nullable Answer found = null;
    // every second, one additional request is allowed
    for (int i = 0; i < 1_000 && found == null; i++) {
      Answer answer = http.post("/users", "{}");
      if (answer.status() == 429) {
        found = answer;
      } else {
        created++;
      }
    }
    assertThat(created).isGreaterThanOrEqualTo(20);
    Answer refused = Objects.requireNonNull(found);
    assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(refused.header("Retry-After")).isEqualTo("5");
    assertThat(refused.text("code")).isEqualTo("RATE_LIMITED");
    for (int i = 0; i < 50; i++) {
      assertThat(http.get("/users").status()).isEqualTo(200);
    }
  }

  /**
   * If many requests never send their bodies, some of them are rejected, and other requests are
   * still answered.
   */
  @Test
  void letsNoAddressTakeAllConnections() throws Exception {
    int port = Objects.requireNonNull(gateway).port();
    var slow = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 600; i++) {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        slow.add(socket);
        send(socket, "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{");
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> slow.stream().anyMatch(GatewayIT::isAnswered));
      try (var other = new Socket()) {
        other.bind(new InetSocketAddress("127.0.0.2", 0));
        other.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        send(other, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(firstLine(other)).isEqualTo("HTTP/1.1 200 OK");
      }
      Socket refused = slow.stream().filter(GatewayIT::isAnswered).findFirst().orElseThrow();
      assertThat(firstLine(refused)).isEqualTo("HTTP/1.1 429 Too Many Requests");
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  /**
   * An IPv6 client is identified by its network, and an IPv4 client by its address, even with
   * NAT64.
   */
  @ParameterizedTest
  @CsvSource({
    "2001:db8:1:2::%x, true",
    "2001:db8:1:2:%x:3:4:5, true",
    "2001:db8:1:%x::1, false",
    "64:ff9b::c000:%x, false",
    "::ffff:10.0.0.%d, false"
  })
  void limitsWhoSignsUpByNetwork(String address, boolean limited, @TempDir Path folder)
      throws Exception {
    try (var behind = behindProxy(folder)) {
      var answers = new ArrayList<String>();
      for (int i = 1; i <= 60; i++) {
        String from = String.format(Locale.ROOT, address, i);
        try (Socket socket = from(from, behind.port())) {
          send(socket, "POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
          answers.add(firstLine(socket));
        }
      }
      if (limited) {
        assertThat(answers).contains("HTTP/1.1 429 Too Many Requests");
      } else {
        assertThat(answers).containsOnly("HTTP/1.1 200 OK");
      }
    }
  }

  @Test
  void letsNoNetworkTakeAllConnections(@TempDir Path folder) throws Exception {
    var slow = new ArrayList<Socket>();
    try (var behind = behindProxy(folder)) {
      for (int i = 0; i < 300; i++) {
        Socket socket = from("2001:db8:1:2::" + Integer.toHexString(i), behind.port());
        slow.add(socket);
        send(socket, "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{");
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> slow.stream().anyMatch(GatewayIT::isAnswered));
      try (Socket other = from("2001:db8:1:3::1", behind.port())) {
        send(other, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(firstLine(other)).isEqualTo("HTTP/1.1 200 OK");
      }
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  /** A gateway that trusts the addresses of {@link #from}. */
  private Gateway behindProxy(Path folder) throws IOException {
    return new Gateway(
        folder,
        " proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol",
        List.of(one.address()),
        List.of(users.address()));
  }

  private static Socket from(String address, int port) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    send(socket, "PROXY TCP6 " + address + " ::1 4711 80\r\n");
    return socket;
  }

  private static boolean isAnswered(Socket socket) {
    try {
      return socket.getInputStream().available() > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String firstLine(Socket socket) throws IOException {
    return new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
        .readLine();
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /**
   * The gateway closes connections of slow clients, so that these clients cannot occupy all
   * connections.
   */
  @Test
  void waitsSecondsForARequest() throws Exception {
    try (var socket =
        new Socket(InetAddress.getLoopbackAddress(), Objects.requireNonNull(gateway).port())) {
      // this is shorter than nginx's default of one minute, but long enough for a busy machine
      socket.setSoTimeout(40_000);
      send(socket, "GET /health HTTP/1.1\r\nHost: ");
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  /** Uses the value in the Kubernetes manifest, and the test's own certificate. */
  @Test
  void usesOnlyTlsIfItHasACertificate(@TempDir Path folder) throws Exception {
    char[] password = "of-this-test".toCharArray();
    Path store = folder.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=gateway",
                "-ext",
                "san=ip:127.0.0.1",
                "-alias",
                "gateway",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(password))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance(store.toFile(), password);
    Path certificate =
        pem(folder.resolve("tls.crt"), "CERTIFICATE", keys.getCertificate("gateway").getEncoded());
    Path key =
        pem(
            folder.resolve("tls.key"),
            "PRIVATE KEY",
            keys.getKey("gateway", password).getEncoded());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("gateway", keys.getCertificate("gateway"));
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    String more = " ssl; ssl_certificate " + certificate + "; ssl_certificate_key " + key;
    try (var secured =
        new Gateway(folder, more, List.of(one.address()), List.of(users.address()))) {
      HttpClient client = HttpClient.newBuilder().sslContext(tls).build();
      URI address = URI.create("https://127.0.0.1:" + secured.port() + "/greeting/Ada");
      assertThat(
              client
                  .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
                  .statusCode())
          .isEqualTo(200);
      assertThat(one.requests().get(0).headers().getFirst("X-Forwarded-Proto")).isEqualTo("https");
      assertThat(new Http(secured.port()).get("/greeting/Ada").status()).isEqualTo(400);
      assertThat(one.requests()).hasSize(1);
    }
  }

  private static Path pem(Path file, String what, byte[] bytes) throws IOException {
    String text = Base64.getMimeEncoder().encodeToString(bytes);
    return Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
  }
}
