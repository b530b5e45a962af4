// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.internal.Question;
import io.pghello.internal.Request;
import java.time.Duration;

/** Calls on a connection of the program's. */
final class ConnectionOperations extends Operations {
  ConnectionOperations(Context context) {
    super(context);
  }

  @Override
  String greet(Question question) {
    checkOpen();
    return context.greetings().one(question, Request.single(context.deadline()));
  }

  @Override
  public PgHelloOperations withRepeat(int repeat) {
    return new ConnectionOperations(context.withRepeat(repeat));
  }

  @Override
  public PgHelloOperations withTimeout(Duration timeout) {
    return new ConnectionOperations(context.withTimeout(timeout));
  }
}
