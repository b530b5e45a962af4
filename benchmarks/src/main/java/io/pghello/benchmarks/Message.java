// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * What a fork tells the program that started it, a line of JSON each. Only one of the parts is
 * there.
 *
 * @param plan what will be measured
 * @param step what is being measured now
 * @param result a row that is measured
 * @param curves those of a sweep
 */
record Message(
    @Nullable Plan plan,
    @Nullable String step,
    @Nullable Result result,
    @Nullable List<Curve> curves) {

  /**
   * What there is to do.
   *
   * @param steps how many will be told of
   */
  record Plan(Environment.Server server, List<Row> rows, List<String> notRun, int steps) {}

  static Message of(Plan plan) {
    return new Message(plan, null, null, null);
  }

  static Message of(String step) {
    return new Message(null, step, null, null);
  }

  static Message of(Result result) {
    return new Message(null, null, result, null);
  }

  static Message of(List<Curve> curves) {
    return new Message(null, null, null, curves);
  }

  String toJson() {
    return JSON.std.asString(this);
  }

  static Message fromJson(String line) {
    return JSON.std.beanFrom(Message.class, line);
  }
}
