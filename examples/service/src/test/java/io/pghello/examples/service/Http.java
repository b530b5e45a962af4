// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls a service over HTTP. */
public final class Http {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String address;

  public Http(int port) {
    this.address = "http://127.0.0.1:" + port;
  }

  /** A response with a JSON or text body. */
  public record Answer(HttpResponse<String> response) {
    public int status() {
      return response.statusCode();
    }

    public JsonNode json() {
      return JsonMapper.shared().readTree(response.body());
    }

    public String code() {
      return json().path("code").asString();
    }

    public @Nullable String header(String name) {
      return response.headers().firstValue(name).orElse(null);
    }

    @Override
    public String toString() {
      return status() + " " + response.headers().map() + " " + response.body();
    }
  }

  public Answer get(String path, String... headers) throws IOException, InterruptedException {
    return send("GET", path, BodyPublishers.noBody(), headers);
  }

  public Answer post(String path, String json, String... headers)
      throws IOException, InterruptedException {
    return send("POST", path, BodyPublishers.ofString(json), headers);
  }

  public Answer send(String method, String path, BodyPublisher body, String... headers)
      throws IOException, InterruptedException {
    return new Answer(client.send(request(method, path, body, headers), BodyHandlers.ofString()));
  }

  public CompletableFuture<Answer> getAsync(String path, String... headers) {
    return sendAsync("GET", path, "", headers);
  }

  public CompletableFuture<Answer> sendAsync(
      String method, String path, String body, String... headers) {
    BodyPublisher publisher =
        body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
    return client
        .sendAsync(request(method, path, publisher, headers), BodyHandlers.ofString())
        .thenApply(Answer::new);
  }

  private HttpRequest request(String method, String path, BodyPublisher body, String... headers) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(address + path))
            .header("Content-Type", "application/json")
            .method(method, body);
    if (headers.length > 0) {
      builder.setHeader(headers[0], headers[1]);
      for (int i = 2; i < headers.length; i += 2) {
        builder.setHeader(headers[i], headers[i + 1]);
      }
    }
    return builder.build();
  }

  /** Encodes a name for a path. */
  public static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
