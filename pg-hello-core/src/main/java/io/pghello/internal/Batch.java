// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.ArrayList;
import java.util.List;

/** Calls that travel together, the oldest first. Belongs to one thread at a time. */
final class Batch {
  private final List<Call> calls = new ArrayList<>();
  private final int most;
  private int bytes;

  /**
   * Creates an empty one.
   *
   * @param most how many calls it may have
   */
  Batch(int most) {
    this.most = most;
  }

  int most() {
    return most;
  }

  void add(Call call) {
    calls.add(call);
    bytes += call.question.bytes();
  }

  /** Takes out a call whose caller leaves. */
  void remove(Call call) {
    calls.remove(call);
    bytes -= call.question.bytes();
  }

  List<Call> calls() {
    return calls;
  }

  List<Question> questions() {
    var questions = new ArrayList<Question>(calls.size());
    for (Call call : calls) {
      questions.add(call.question);
    }
    return questions;
  }

  int size() {
    return calls.size();
  }

  int bytes() {
    return bytes;
  }

  Call youngest() {
    return calls.get(calls.size() - 1);
  }
}
