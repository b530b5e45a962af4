// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.io.Closeable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Sends requests to an application on this machine, with one connection per concurrent request. */
final class HttpCaller implements Load.AsyncCaller, Closeable {
  private static final String BEGIN = "{\"greeting\":\"";
  private static final char END = '"';

  // shorter than the keep-alive timeouts of Node.js and Tomcat; otherwise, the server could close a
  // connection that is about to be used
  private static final int IDLE_SECONDS = 2;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1));
  private final Context context = vertx.getOrCreateContext();
  private final HttpClient client;
  private final String path;

  /**
   * Creates a caller.
   *
   * @param path the part of the request path that precedes the name
   */
  HttpCaller(int port, String path, int inFlight) {
    this.path = path;
    client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setDefaultHost("127.0.0.1")
                .setDefaultPort(port)
                .setKeepAliveTimeout(IDLE_SECONDS),
            new PoolOptions().setHttp1MaxSize(inFlight));
  }

  @Override
  public void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    if (context.equals(Vertx.currentContext())) {
      request(name, answer);
    } else {
      // otherwise, a response could arrive before its handler is registered
      context.runOnContext(nothing -> request(name, answer));
    }
  }

  private void request(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    client
        .request(HttpMethod.GET, path + name)
        .compose(HttpClientRequest::send)
        .compose(HttpClientResponse::body)
        .onComplete(
            body -> answer.accept(greeting(body.toString()), null),
            error -> answer.accept(null, error));
  }

  /** Returns the greeting in a response, or the whole response if it contains no greeting. */
  private static String greeting(String body) {
    int end = body.indexOf(END, BEGIN.length());
    return body.startsWith(BEGIN) && end > 0 ? body.substring(BEGIN.length(), end) : body;
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
