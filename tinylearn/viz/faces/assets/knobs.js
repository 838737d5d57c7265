// Beside the widgets of tl.explore: keys that move a knob stay away from the notebook's shortcuts,
// and where no kernel answers (a notebook opened again) what says so is hidden: the picture stays.
(function () {
  var root = document.getElementById("NAME");
  var area = root && root.closest(".jp-OutputArea");
  if (!area || area.dataset.tlKnobs) return;
  area.dataset.tlKnobs = "1";
  area.addEventListener("keydown", function (event) {
    var passes = event.ctrlKey || event.metaKey || event.altKey;
    if (!passes && ["Enter", "Escape", "Tab"].indexOf(event.key) < 0) event.stopPropagation();
  });
  function look() {
    area.querySelectorAll(".jp-OutputArea-child").forEach(function (child) {
      var output = child.querySelector(".jp-OutputArea-output");
      var says = output && !output.children.length ? output.textContent : "";
      var dead = /^(Error displaying widget|Loading widget)/.test(says);
      child.style.display = dead ? "none" : "";
    });
  }
  look();
  new MutationObserver(look).observe(area, { childList: true, subtree: true });
})();
