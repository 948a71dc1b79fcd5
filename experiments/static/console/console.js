/* A button above a form would throw away what is being edited in it: it waits until the form is saved. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form");
  const buttons = document.querySelectorAll(".console-press button");
  if (!form || !buttons.length) return;
  const wait = () => buttons.forEach((button) => {
    button.disabled = true;
    button.title = "Save your edits first (or use “Save and publish”).";
  });
  form.addEventListener("input", wait);
  form.addEventListener("change", wait);
  document.addEventListener("formset:added", wait);
  document.addEventListener("formset:removed", wait);
});
