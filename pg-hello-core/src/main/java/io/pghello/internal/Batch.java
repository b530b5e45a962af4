// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.ArrayList;
import java.util.List;

/** Calls that travel together, the oldest first. Belongs to one thread at a time. */
final class Batch {
  private final List<Call> calls = new ArrayList<>();
  private final int maxCalls;
  private final int maxBytes;
  private int bytes;

  /**
   * Creates an empty one.
   *
   * @param maxBytes at which it is full, too; the name that reaches it travels along
   */
  Batch(int maxCalls, int maxBytes) {
    this.maxCalls = maxCalls;
    this.maxBytes = maxBytes;
  }

  boolean isFull() {
    return calls.size() >= maxCalls || bytes >= maxBytes;
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

  Call youngest() {
    return calls.get(calls.size() - 1);
  }
}
